//! The one way in for telegrams: bytes become a bulletin or a reason.

use aws_lc_rs::digest::{SHA256, digest as sha};
use hikyaku_bulletin::{Bulletin, Digest};
use roxmltree::Node;

use crate::jma;
use crate::reject::Reject;
use crate::reports::within_reports;
use crate::xml::{document, is_jma_report, not_known};
use crate::{bounds, cap, edxl, layout, mofa};

/// Reads one telegram.
///
/// `source_name` is its file name, path or address; the bulletin's identity is made from it, so two telegrams must not share one. When
/// it is empty, as for what is pushed without a name, the identity is the digest of the bytes.
/// What is optional and unreadable is left out with a word in [`Bulletin::remarks`]. Of a list only the first bulletin is given: use
/// [`crate::read`] for lists and feeds.
///
/// # Errors
/// [`Reject`] when the bytes are out of bounds, hostile, damaged, no telegram of a known form, or lack what a telegram must have: title
/// and times, and in a 震度速報 that is no cancellation at least one area.
pub fn parse(bytes: &[u8], source_name: &str) -> Result<Bulletin, Reject> {
    let text = bounds::text(bytes)?;
    if bounds::is_page(text) {
        return Err(Reject::Page);
    }
    bounds::within_bounds(text)?;
    let mut bulletin = with_tree(text, |root| {
        let bulletins = telegrams(root, bytes, source_name)?;
        bulletins.and_then(|all| all.into_iter().next()).ok_or_else(|| not_known(root))
    })?;
    bulletin.digest = digest(bytes);
    Ok(bulletin)
}

/// Reads the tree of a text; of a large telegram, the tree without its layout, which is a third of it.
///
/// What cannot be read so is read again as it was sent: the reason names its place.
pub(crate) fn with_tree<T>(text: &str, read: impl Fn(Node) -> Result<T, Reject>) -> Result<T, Reject> {
    if let Some(short) = layout::left_out(text)
        && let Ok(understood) = document(&short).and_then(|it| read(it.root_element()))
    {
        return Ok(understood);
    }
    read(document(text)?.root_element())
}

/// What a telegram or a list of notices says, when it has a known form.
pub(crate) fn telegrams(root: Node, bytes: &[u8], source_name: &str) -> Result<Option<Vec<Bulletin>>, Reject> {
    let named = if source_name.is_empty() { digest(bytes).to_string() } else { source_name.to_owned() };
    let bulletins = if is_jma_report(root) {
        vec![jma::telegram(root, &named)?]
    } else if cap::is_alert(root) {
        vec![cap::alert(root, &named)?]
    } else if let Some(distribution) = edxl::distribution(root) {
        edxl::bulletins(distribution, &named)?
    } else if mofa::is_opendata(root) {
        mofa::bulletins(root, &named)?
    } else {
        return Ok(None);
    };
    within_reports(bulletins.iter().map(|it| it.areas.len()).sum(), 0, 0, root)?;
    Ok(Some(bulletins))
}

/// SHA-256 of the bytes.
pub(crate) fn digest(bytes: &[u8]) -> Digest {
    Digest::new(<[u8; 32]>::try_from(sha(&SHA256, bytes).as_ref()).unwrap_or_default())
}
