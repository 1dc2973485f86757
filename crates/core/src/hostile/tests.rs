//! Hostile input of every kind, by hand and at random.

use super::*;
use crate::session::Why;
use proptest::prelude::*;

const EHLO: &str = "220 hi\r\n250-mx\r\n250-PIPELINING\r\n250-STARTTLS\r\n250 SMTPUTF8\r\n";

/// Words that a server might say, more likely than noise to lead somewhere.
fn word() -> impl Strategy<Value = Vec<u8>> {
    let said = prop::sample::select(vec![
        "220 hi\r\n",
        "250 ok\r\n",
        "250-mx\r\n",
        "250 PIPELINING\r\n",
        "354 go\r\n",
        "421 bye\r\n",
        "235 ok\r\n",
        "334 UGFzc3dvcmQ6\r\n",
        "535 no\r\n",
        "250-mx\r\n250-PIPELINING\r\n250 AUTH PLAIN LOGIN\r\n",
        "250-mx\r\n250-STARTTLS\r\n250 AUTH LOGIN\r\n",
        "451 later\r\n",
        "550 no\r\n",
        "554:gone\r\n",
        "250-",
        "\r\n",
        "\n",
        "3",
        "220 go\r\n250 slipped in\r\n",
        EHLO,
        "250 ok\r\n250 ok\r\n354 go\r\n",
    ]);
    prop_oneof![
        8 => said.prop_map(|said| said.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..20),
        1 => (0u8..=255).prop_map(|wait| vec![0xFF, wait]),
    ]
}

fn cases() -> ProptestConfig {
    // HOSTILE_CASES asks for a longer search than every run has time for.
    let cases = std::env::var("HOSTILE_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig { cases: cases.unwrap_or(256), max_shrink_iters: 4096, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn any_bytes_are_read_alike_in_any_pieces_and_stay_bounded(
        bytes in prop::collection::vec(any::<u8>(), 0..400),
        words in prop::collection::vec(word(), 0..40),
        piece in any::<u8>(),
    ) {
        reply(&bytes);
        reply(&[vec![piece], words.concat()].concat());
    }

    #[test]
    fn no_text_becomes_an_address_that_breaks_out(
        text in "\\PC{0,70}@\\PC{0,70}|[\\x00-\\x7f]{0,40}@[a-z.]{1,10}|\"[^\"]{0,30}\"@[a-z]{1,5}\\.jp",
        bytes in prop::collection::vec(any::<u8>(), 0..100),
    ) {
        address(text.as_bytes());
        address(&bytes);
    }

    #[test]
    fn no_value_breaks_out_of_its_header(
        parts in prop::collection::vec("\\PC{0,80}|[\\x00-\\x7f]{0,60}|[a-z.,\"<>@ ]{1,20}|\\r\\nBcc: x@y\\.jp", 5),
    ) {
        header(parts.join("\u{1}").as_bytes());
    }

    #[test]
    fn whatever_a_server_says_a_session_keeps_its_promises(
        how in any::<u8>(),
        greeted in any::<bool>(),
        words in prop::collection::vec(word(), 0..60),
    ) {
        let begin = if greeted { EHLO.as_bytes().to_vec() } else { Vec::new() };
        session(&[vec![how], begin, words.concat()].concat());
    }
}

fn manner(tls: Demand) -> Manner {
    Manner {
        helo: "me.example".into(),
        tls,
        tls_min: TlsVersion::V1_2,
        timeouts: Timeouts::URGENT,
        timeouts_routine: Timeouts::RFC,
        hurry: true,
        pipelining: true,
        pipelining_proven: false,
        overlap: true,
        mails_before: 0,
        login: None,
    }
}

/// What a session that hears these pieces, a second apart, says at its end and how long it took.
fn end_of(pieces: impl Iterator<Item = Vec<u8>>) -> (Option<Why>, Span) {
    let begin = Instant::from_micros(1_000_000);
    let (mut session, mut now) = (Session::new(manner(Demand::Any), begin), begin);
    for piece in pieces {
        now = now + Span::from_secs(1);
        session.tick(now);
        session.received(&piece, now);
        while let Some(output) = session.next_output() {
            if let Output::Closed { why, .. } = output {
                return (Some(why), now.since(begin));
            }
        }
    }
    (None, now.since(begin))
}

#[test]
fn a_reply_of_a_megabyte_ends_the_session_after_its_first_packets() {
    for line in ["250-and so on\r\n", "x", "250 without an end ", "\u{0}\u{1}\u{2}"] {
        let megabyte = line.repeat(1 + (1 << 20) / line.len()).into_bytes();
        let pieces: Vec<Vec<u8>> = megabyte.chunks(16 * 1024).map(<[u8]>::to_vec).collect();
        let (why, _) = end_of(pieces.into_iter().take(4));
        assert!(matches!(why, Some(Why::Protocol(_) | Why::TimedOut)), "{line:?}: {why:?}");
        reply(&megabyte);
    }
}

#[test]
fn one_byte_a_second_does_not_hold_a_session_longer_than_its_patience() {
    let greeting = "220-".to_string() + &"slow ".repeat(1000) + "\r\n";
    let (why, took) = end_of(greeting.bytes().map(|byte| vec![byte]));
    assert_eq!(why, Some(Why::TimedOut));
    assert!(took <= Timeouts::URGENT.greeting + Span::from_secs(1), "{took:?}");
    let ehlo = "250-".to_string() + &"x".repeat(1000);
    let pieces = [b"220 hi\r\n".to_vec()].into_iter().chain(ehlo.bytes().map(|byte| vec![byte]));
    let (why, took) = end_of(pieces);
    assert_eq!(why, Some(Why::TimedOut));
    assert!(took <= Timeouts::URGENT.command + Span::from_secs(2), "{took:?}");
}

#[test]
fn bytes_behind_the_220_to_starttls_end_the_session_in_the_same_packet_and_the_next() {
    for after in ["250 slipped in\r\n", "2", "\r\n", "\u{16}\u{3}"] {
        let said = format!("{}220 go\r\n{after}", EHLO);
        let (why, _) = end_of([said.into_bytes()].into_iter());
        assert!(matches!(why, Some(Why::Protocol(_))), "{after:?}: {why:?}");
    }
}

#[test]
fn what_is_looked_for_is_seen_in_what_a_server_says() {
    assert_eq!((replies(b"220 a\r\n250-b\r\n250 c\r\n2"), replies(b"220 go\r\n250 x\r\n")), (2, 2));
    assert_eq!(grants(b"250 3\r\n354 go\r\n250 13\n3"), 2);
    // With an account and without: the dialog goes on to its end.
    for how in [0b0000_1000, 0b0000_1010, 0b0000_1110] {
        let offers =
            "220 hi\r\n250-mx\r\n250-PIPELINING\r\n250 AUTH PLAIN LOGIN\r\n235 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n";
        session(&[&[how], offers.as_bytes()].concat());
    }
}

#[test]
fn known_tricks_in_addresses_are_refused() {
    for bad in [
        "a\r\nDATA@b.jp",
        "a\n@b.jp",
        "a\0@b.jp",
        "a>@b.jp",
        "a@b.jp>\r\nDATA",
        "\"a\r\n\"@b.jp",
        "<a@b.jp>",
        "a@b.jp\0",
    ] {
        assert!(Address::parse(bad).is_err(), "{bad:?}");
        address(bad.as_bytes());
    }
}
