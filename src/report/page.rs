//! A report as one HTML file that any word processor opens and any browser prints: no script, no picture, nothing from elsewhere.

use super::sheet::{Section, Sheet};

/// How it looks on paper: A4, a font that has Japanese, tables that do not break inside a row.
const STYLE: &str = include_str!("page.css");

/// The file.
pub fn html(sheet: &Sheet) -> String {
    let title = escaped(&sheet.title);
    let lead: String = sheet.lead.iter().map(|line| format!("<p>{}</p>\n", escaped(line))).collect();
    let sections: String = sheet.sections.iter().map(section).collect();
    format!(
        "<!DOCTYPE html>\n<html lang=\"ja\">\n<head>\n<meta charset=\"utf-8\">\n<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n\
         <body>\n<h1>{title}</h1>\n{lead}{sections}</body>\n</html>\n"
    )
}

fn section(section: &Section) -> String {
    let words: String = section.words.iter().map(|line| format!("<p>{}</p>\n", escaped(line))).collect();
    let table = if section.columns.is_empty() { String::new() } else { table(section) };
    format!("<h2>{}</h2>\n{words}{table}", escaped(&section.heading))
}

fn table(section: &Section) -> String {
    let head: String = section.columns.iter().map(|it| format!("<th scope=\"col\">{}</th>", escaped(it))).collect();
    let cells = |row: &Vec<String>| row.iter().map(|it| format!("<td>{}</td>", escaped(it))).collect::<String>();
    let rows: String = section.rows.iter().map(|row| format!("<tr>{}</tr>\n", cells(row))).collect();
    format!("<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n")
}

/// Text in which nothing is markup; lines stay lines.
fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    text.replace('\n', "<br>\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_wrote_into_a_title_is_text_and_never_markup() {
        let rows = [["<script>alert(1)</script> & \"x\"\n二行目".into()]];
        let sections = vec![Section::table("配信", ["題名"], rows, "")];
        let page = html(&Sheet { title: "<b>".into(), lead: Vec::new(), sections });
        assert!(
            page.contains("<td>&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;x&quot;<br>\n二行目</td>"),
            "{page}"
        );
        assert!(!page.contains("<b>") && !page.contains("<script"), "{page}");
    }
}
