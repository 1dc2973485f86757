//! This machine: room on the disk, and who may read the keys.

use super::facts::Facts;
use super::finding::Finding;

const WHY_DISK: &str = "ディスクが一杯になると、配信も回答も記録できず、受け付けを止めます。";
const WHY_KEYS: &str = "鍵を読めた人は、名簿を復号し、回答のリンクやメールの署名を偽造できます。";
/// A gigabyte, as disks are sold.
const GB: f64 = 1_000_000_000.0;

/// What is wrong with it.
pub fn findings(facts: &Facts) -> Vec<Finding> {
    let mut found = disk(facts).into_iter().collect::<Vec<_>>();
    for secret in &facts.secrets {
        let place = secret.path.display().to_string();
        let finding = match &secret.mode {
            Err(problem) => {
                let what = format!("読めません: {problem}");
                Finding::error(("key-missing", &place), what, WHY_KEYS, "設定のパスと所有者を確かめてください。")
            }
            Ok(mode) if mode & if secret.owner_only { 0o077 } else { 0o007 } != 0 => {
                let what = format!("他の利用者も読めます（{mode:o}）。");
                Finding::error(("key-readable", &place), what, WHY_KEYS, format!("chmod 600 {place}"))
            }
            Ok(_) => continue,
        };
        found.push(finding);
    }
    found
}

fn disk(facts: &Facts) -> Option<Finding> {
    let disk = match &facts.disk {
        Ok(disk) => disk,
        Err(problem) => {
            let remedy = "data のパスを確かめ、初めてなら hikyaku init を実行してください。";
            return Some(Finding::error(("disk-unknown", "data"), problem.clone(), WHY_DISK, remedy));
        }
    };
    let place = disk.folder.display().to_string();
    let what = format!("空きは {:.1} GB（全体 {:.1} GB）です。", disk.free as f64 / GB, disk.size as f64 / GB);
    (disk.free < disk.wanted).then(|| {
        let remedy = "不要なファイルを消すか、ディスクを増やしてください。基準は [check] disk_free_mb です。";
        Finding::error(("disk-low", &place), what, WHY_DISK, remedy)
    })
}
