//! The coordinate forms of JMA XML (ISO 6709 with depth in metres): degrees, or degrees and minutes, told apart by digits.

use hikyaku_bulletin::Position;

/// Reads `+35.7+139.7-10000/`: a position, and a depth in whole kilometres when given.
///
/// The `datum` attribute (日本測地系 until 2025-07-24) is left aside: it moves a point by less than half a kilometre, and the last digit given is worth ten.
pub(crate) fn coordinate(text: &str) -> Option<(Position, Option<u16>)> {
    let body = text.trim().split('/').next()?;
    let mut numbers = signed_numbers(body)?.into_iter();
    let latitude = degrees(numbers.next()?, 2)?;
    let longitude = degrees(numbers.next()?, 3)?;
    let depth_km = numbers.next().and_then(depth_km);
    Some((Position::new(latitude, longitude).ok()?, depth_km))
}

/// Splits before each sign; `None` unless every part is a sign, digits, and perhaps a point with digits.
fn signed_numbers(body: &str) -> Option<Vec<&str>> {
    let mut starts: Vec<usize> = body.match_indices(['+', '-']).map(|(at, _)| at).collect();
    if starts.first() != Some(&0) {
        return None;
    }
    starts.push(body.len());
    let parts: Vec<&str> = starts.windows(2).filter_map(|pair| body.get(pair[0]..pair[1])).collect();
    let is_number = |part: &&str| {
        let (whole, fraction) = part[1..].split_once('.').unwrap_or((&part[1..], "0"));
        let digits = |it: &str| !it.is_empty() && it.bytes().all(|b| b.is_ascii_digit());
        digits(whole) && digits(fraction)
    };
    parts.iter().all(is_number).then_some(parts)
}

/// Degrees from `+DD.D` or `+DDMM.M` (latitude, two digits of degrees) or with three digits (longitude).
fn degrees(number: &str, degree_digits: usize) -> Option<f64> {
    let sign = if number.starts_with('-') { -1.0 } else { 1.0 };
    let whole_digits = number[1..].find('.').unwrap_or(number.len() - 1);
    let value: f64 = number[1..].parse().ok()?;
    if whole_digits <= degree_digits {
        return Some(sign * value);
    }
    if whole_digits > degree_digits + 2 {
        return None;
    }
    let whole = (value / 100.0).floor();
    let minutes = value - whole * 100.0;
    (minutes < 60.0).then_some(sign * (whole + minutes / 60.0))
}

/// Whole kilometres from metres below zero: `-10000` is 10, `+0` is 0 (ごく浅い); a height has no depth.
fn depth_km(metres: &str) -> Option<u16> {
    let metres: f64 = metres.parse().ok()?;
    let km = (-metres / 1000.0).round();
    let is_depth = metres <= 0.0 && km <= 6371.0;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 6371, checked")]
    is_depth.then_some(km as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<(f64, f64, Option<u16>)> {
        let (position, depth_km) = coordinate(text)?;
        let round = |it: f64| (it * 1000.0).round() / 1000.0;
        Some((round(position.latitude()), round(position.longitude()), depth_km))
    }

    #[test]
    fn degrees_with_a_depth_in_metres_are_read() {
        assert_eq!(read("+35.7+139.7-10000/"), Some((35.7, 139.7, Some(10))));
        assert_eq!(read("-17.2+178.6-570000/"), Some((-17.2, 178.6, Some(570))));
    }

    #[test]
    fn an_unknown_depth_is_none_and_a_shallow_one_is_zero() {
        assert_eq!(read("-36.1-072.6/"), Some((-36.1, -72.6, None)));
        assert_eq!(read("+34.2+135.2+0/"), Some((34.2, 135.2, Some(0))));
    }

    #[test]
    fn degrees_and_minutes_are_told_by_their_digits() {
        assert_eq!(read("+3447.1+13829.9-23000/"), Some((34.785, 138.498, Some(23))));
    }

    #[test]
    fn what_is_no_coordinate_is_none() {
        for text in [
            "",
            "/",
            "NaN",
            "+NaN+NaN/",
            "35.7+139.7",
            "+35.7",
            "+91.0+139.7/",
            "+35.7+181.0/",
            "+3460.0+13800.0/",
            "+-/",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
