//! Japan as 47 tiles, each with its share of answers: a picture that a phone can show, with the same numbers in a table beside it.

use std::fmt::Write as _;

use hikyaku_dispatch::Thousands;

/// The place of each prefecture's tile, by its code from 1: column and row.
const TILES: [(u8, u8); 47] = [
    (11, 0), // 北海道
    (11, 1), // 青森
    (11, 2), // 岩手
    (11, 3), // 宮城
    (10, 2), // 秋田
    (10, 3), // 山形
    (10, 4), // 福島
    (11, 5), // 茨城
    (10, 5), // 栃木
    (9, 5),  // 群馬
    (9, 6),  // 埼玉
    (11, 6), // 千葉
    (10, 6), // 東京
    (10, 7), // 神奈川
    (9, 4),  // 新潟
    (8, 4),  // 富山
    (7, 4),  // 石川
    (6, 5),  // 福井
    (8, 6),  // 山梨
    (8, 5),  // 長野
    (7, 5),  // 岐阜
    (8, 7),  // 静岡
    (7, 6),  // 愛知
    (7, 7),  // 三重
    (6, 6),  // 滋賀
    (5, 5),  // 京都
    (5, 7),  // 大阪
    (5, 6),  // 兵庫
    (6, 7),  // 奈良
    (6, 8),  // 和歌山
    (4, 5),  // 鳥取
    (3, 5),  // 島根
    (4, 6),  // 岡山
    (3, 6),  // 広島
    (2, 6),  // 山口
    (4, 9),  // 徳島
    (4, 8),  // 香川
    (3, 8),  // 愛媛
    (3, 9),  // 高知
    (1, 7),  // 福岡
    (0, 7),  // 佐賀
    (0, 8),  // 長崎
    (1, 8),  // 熊本
    (2, 7),  // 大分
    (2, 8),  // 宮崎
    (1, 9),  // 鹿児島
    (0, 10), // 沖縄
];

/// A tile's side, in the drawing's units.
const SIDE: usize = 50;

/// One prefecture's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tile {
    /// From 1.
    pub(crate) code: u8,
    /// As on maps: 石川.
    pub(crate) name: &'static str,
    pub(crate) people: u32,
    pub(crate) answered: u32,
}

impl Tile {
    /// The share of answers in percent, rounded down.
    pub(crate) fn percent(&self) -> u32 {
        (self.answered * 100).checked_div(self.people).unwrap_or(0)
    }
}

/// The map; prefectures without anybody are empty tiles.
pub(crate) fn svg(tiles: &[Tile]) -> String {
    let (people, answered) = tiles.iter().fold((0, 0), |sum, tile| (sum.0 + tile.people, sum.1 + tile.answered));
    let (people, answered) = (Thousands(people.into()), Thousands(answered.into()));
    let spoken = format!("都道府県別の回答。延べ{people}名中{answered}名。数値は下の表と同じです。");
    let (width, height) = (12 * SIDE, 11 * SIDE);
    let mut svg = format!("<svg class=\"map\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{spoken}\">");
    for (place, (column, row)) in TILES.iter().enumerate() {
        let (x, y) = (usize::from(*column) * SIDE, usize::from(*row) * SIDE);
        let (inner, middle) = (SIDE - 3, x + SIDE / 2 - 1);
        match tiles.iter().find(|tile| usize::from(tile.code) == place + 1 && tile.people > 0) {
            None => {
                let _ = write!(svg, "<rect class=\"none\" x=\"{x}\" y=\"{y}\" width=\"{inner}\" height=\"{inner}\"/>");
            }
            Some(tile) => {
                // Four steps of darkness; the number says the same without colour.
                let step = tile.percent() / 25;
                let (name, percent) = (tile.name, tile.percent());
                let _ = write!(
                    svg,
                    "<g class=\"s{step}\"><rect x=\"{x}\" y=\"{y}\" width=\"{inner}\" height=\"{inner}\"/>\
                     <text class=\"name\" x=\"{middle}\" y=\"{}\">{name}</text>\
                     <text class=\"n\" x=\"{middle}\" y=\"{}\">{percent}<tspan>%</tspan></text></g>",
                    y + 20,
                    y + 40,
                );
            }
        }
    }
    svg.push_str("</svg>");
    svg
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_prefectures_share_a_tile() {
        let places: std::collections::BTreeSet<_> = TILES.iter().collect();
        assert_eq!(places.len(), 47);
    }

    #[test]
    fn a_prefecture_is_drawn_with_its_name_and_its_share() {
        let svg = svg(&[Tile { code: 17, name: "石川", people: 3, answered: 2 }]);
        assert!(svg.contains(">石川</text>") && svg.contains(">66<tspan>%</tspan></text>"), "{svg}");
        assert_eq!(svg.matches("class=\"none\"").count(), 46);
    }
}
