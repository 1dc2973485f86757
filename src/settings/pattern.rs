//! Addresses of ours with a field in them, as the configuration writes them.

/// The field of the return path.
pub const VERP: &str = "{verp}";
/// The field of the address that replies go to.
pub const REPLY: &str = "{reply}";
/// A local part has 64 characters (RFC 5321 §4.5.3.1.1), and what the fields become has up to 52.
const BESIDE_FIELD_CHARS_MAX: usize = 12;

/// An address of ours with one field in it, in small letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    before: String,
    behind: String,
}

impl Pattern {
    /// Reads `b+{verp}@example.go.jp`; `key` is what messages call it.
    ///
    /// # Errors
    /// One line that names the key and what to mend.
    pub fn read(key: &str, text: &str, field: &str) -> Result<Self, String> {
        let wrong = || format!("[mail] {key} = \"{text}\": write it as WORD+{field}@DOMAIN with a short word");
        let (before, behind) = text.split_once(field).ok_or_else(wrong)?;
        let (local, domain) = behind.split_once('@').ok_or_else(wrong)?;
        if before.contains('@') || domain.is_empty() || before.len() + local.len() > BESIDE_FIELD_CHARS_MAX {
            return Err(wrong());
        }
        Ok(Pattern { before: before.to_ascii_lowercase(), behind: behind.to_ascii_lowercase() })
    }

    /// What stands in an address in place of the field.
    pub fn field_of(&self, address: &str) -> Option<String> {
        let address = address.to_ascii_lowercase();
        let rest = address.strip_prefix(&self.before)?.strip_suffix(&self.behind)?;
        (!rest.is_empty()).then(|| rest.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_ours_is_known_by_what_stands_around_its_field_in_any_capitals() {
        let pattern = Pattern::read("return_path", "b+{verp}@Example.go.jp", VERP).unwrap();
        assert_eq!(pattern.field_of("B+D1-0-p1-1-0aF@example.GO.jp").as_deref(), Some("d1-0-p1-1-0af"));
        for other in ["b+@example.go.jp", "c+x@example.go.jp", "b+x@example.jp", "b+"] {
            assert_eq!(pattern.field_of(other), None, "{other}");
        }
        for wrong in ["b@example.go.jp", "b+{verp}", "far-too-long-a-word+{verp}@example.go.jp", "a@b{verp}@c"] {
            assert!(Pattern::read("return_path", wrong, VERP).unwrap_err().contains("return_path"), "{wrong}");
        }
    }
}
