//! Long lists in pages: each names the next by a cursor that stays good whatever is added or taken away meanwhile.

use serde::Deserialize;
use serde_json::{Value, json};

use super::problem::Problem;

/// Items of a page where nothing is said.
pub(super) const LIMIT_DEFAULT: usize = 100;
/// Most items of a page.
pub(super) const LIMIT_MAX: usize = 500;

/// Which page.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub(super) struct Asked {
    /// At most so many items.
    limit: Option<usize>,
    /// The `next` of the page before.
    cursor: Option<i64>,
}

impl Asked {
    /// The page of `items`, whose keys never fall. Items with the same key are never torn apart: one page may be a little longer.
    pub(super) fn page<T>(
        &self,
        items: impl Iterator<Item = T>,
        key: impl Fn(&T) -> i64,
        mut show: impl FnMut(T) -> Value,
    ) -> Result<Value, Problem> {
        let limit = self.limit.unwrap_or(LIMIT_DEFAULT);
        if !(1..=LIMIT_MAX).contains(&limit) {
            return Err(Problem::mend(format!("limit は 1 から {LIMIT_MAX} までの数にしてください。")));
        }
        let mut items = items.skip_while(|item| self.cursor.is_some_and(|cursor| key(item) <= cursor)).peekable();
        let (mut page, mut last) = (Vec::new(), None);
        while let Some(item) = items.next_if(|item| page.len() < limit || last == Some(key(item))) {
            last = Some(key(&item));
            page.push(show(item));
        }
        let next = last.filter(|_| items.peek().is_some()).map(|cursor| cursor.to_string());
        Ok(json!({ "items": page, "next": next }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(keys: &[i64], limit: usize, cursor: Option<i64>) -> (Vec<i64>, Option<i64>) {
        let asked = Asked { limit: Some(limit), cursor };
        let page = asked.page(keys.iter().copied(), |key| *key, |key| json!(key)).unwrap();
        let items = page["items"].as_array().unwrap().iter().map(|it| it.as_i64().unwrap()).collect();
        (items, page["next"].as_str().map(|next| next.parse().unwrap()))
    }

    #[test]
    fn pages_follow_each_other_without_a_gap_or_a_repetition() {
        assert_eq!(page(&[1, 2, 3, 4, 5], 2, None), (vec![1, 2], Some(2)));
        assert_eq!(page(&[1, 2, 3, 4, 5], 2, Some(2)), (vec![3, 4], Some(4)));
        assert_eq!(page(&[1, 2, 3, 4, 5], 2, Some(4)), (vec![5], None));
        assert_eq!(page(&[], 2, None), (vec![], None));
    }

    #[test]
    fn what_has_one_key_stays_on_one_page() {
        assert_eq!(page(&[1, 2, 2, 2, 3], 2, None), (vec![1, 2, 2, 2], Some(2)));
    }

    #[test]
    fn a_limit_beyond_the_greatest_is_refused() {
        for limit in [0, LIMIT_MAX + 1] {
            let asked = Asked { limit: Some(limit), cursor: None };
            assert!(asked.page([1].into_iter(), |key| *key, |key| json!(key)).is_err());
        }
    }
}
