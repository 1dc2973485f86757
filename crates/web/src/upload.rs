//! A document that somebody uploads as a file or pastes as text, bounded.

use axum::extract::Multipart;

/// The largest document, in bytes: a roster of 11,500 people is about 2 MB, the largest telegrams 4.2 MB.
pub(crate) const UPLOAD_MAX_BYTES: usize = 16 * 1024 * 1024;

/// What was posted: the file, or the text where there is no file; which sample was chosen; and the marked boxes by name.
pub(crate) struct Upload {
    /// Empty only where a sample was chosen.
    pub(crate) document: Vec<u8>,
    /// The place of the sample in its list.
    pub(crate) sample: Option<usize>,
    pub(crate) marked: Vec<String>,
}

/// Reads a form with the fields `file`, `text` and `sample`; any other field is a box that was marked.
///
/// # Errors
/// What to do instead, in Japanese.
pub(crate) async fn read(mut form: Multipart) -> Result<Upload, String> {
    let mut upload = Upload { document: Vec::new(), sample: None, marked: Vec::new() };
    let too_large = |_| format!("ファイルを読めません。大きさは {}MB までです。", UPLOAD_MAX_BYTES / 1024 / 1024);
    while let Some(field) = form.next_field().await.map_err(too_large)? {
        let name = field.name().unwrap_or_default().to_owned();
        let content = field.bytes().await.map_err(too_large)?;
        match name.as_str() {
            "file" | "text" if upload.document.is_empty() => upload.document = content.to_vec(),
            "file" | "text" => {}
            "sample" => upload.sample = std::str::from_utf8(&content).ok().and_then(|place| place.parse().ok()),
            _ => upload.marked.push(name),
        }
    }
    let is_blank = upload.document.iter().all(u8::is_ascii_whitespace);
    if is_blank && upload.sample.is_none() {
        Err("ファイルを選ぶか、内容を貼り付けてください。".to_owned())
    } else {
        Ok(upload)
    }
}
