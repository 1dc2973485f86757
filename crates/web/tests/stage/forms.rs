//! A form of a page as a browser without a script would post it: every field with what the page filled in.

use super::encoded;

/// The fields of a form, in their order.
#[derive(Clone, Debug)]
pub struct Filled(pub Vec<(String, String)>);

impl Filled {
    /// The form of this page that posts to `action`.
    pub fn of(html: &str, action: &str) -> Self {
        let begin = format!("<form method=\"post\" action=\"{action}\">");
        let (_, form) = html.split_once(&begin).unwrap_or_else(|| panic!("no form for {action}: {html}"));
        let form = form.split_once("</form>").unwrap().0;
        let mut fields = Vec::new();
        for tag in form.split('<').skip(1) {
            let (head, text) = tag.split_once('>').unwrap();
            let kind = head.split([' ', '\n']).next().unwrap();
            let name = attribute(head, "name");
            let is_box = head.contains("type=\"checkbox\"") || head.contains("type=\"radio\"");
            match kind {
                "input" if !is_box || head.ends_with(" checked") => {
                    fields.push((name.unwrap(), attribute(head, "value").unwrap_or_default()));
                }
                // The line end after the tag belongs to the tag.
                "textarea" => fields.push((name.unwrap(), plain(text.strip_prefix('\n').unwrap_or(text)))),
                "select" => fields.push((name.unwrap(), String::new())),
                "option" => {
                    let (last, value) = (fields.last_mut().unwrap(), attribute(head, "value").unwrap());
                    // Without a word the first one is chosen.
                    if last.1.is_empty() || head.ends_with(" selected") {
                        last.1 = value;
                    }
                }
                _ => {}
            }
        }
        Self(fields)
    }

    /// With something else in a field, or with one more field.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        match self.0.iter_mut().find(|(it, _)| it == name) {
            Some(field) => value.clone_into(&mut field.1),
            None => self.0.push((name.to_owned(), value.to_owned())),
        }
        self
    }

    /// Without a field: a box whose mark is taken away.
    pub fn without(mut self, name: &str) -> Self {
        self.0.retain(|(it, _)| it != name);
        self
    }

    /// What a field holds.
    pub fn value(&self, name: &str) -> &str {
        &self.0.iter().find(|(it, _)| it == name).unwrap_or_else(|| panic!("no field {name}: {self:?}")).1
    }

    /// The body of the post.
    pub fn body(&self) -> String {
        let pair = |(name, value): &(String, String)| format!("{}={}", encoded(name), encoded(value));
        self.0.iter().map(pair).collect::<Vec<_>>().join("&")
    }
}

fn attribute(head: &str, name: &str) -> Option<String> {
    let (_, after) = head.split_once(&format!(" {name}=\""))?;
    Some(plain(after.split_once('"')?.0))
}

/// A text without the marks of HTML.
pub fn plain(text: &str) -> String {
    let marks = [("&#60;", "<"), ("&#62;", ">"), ("&#34;", "\""), ("&#39;", "'"), ("&#38;", "&")];
    marks.into_iter().fold(text.to_owned(), |text, (mark, plain)| text.replace(mark, plain))
}
