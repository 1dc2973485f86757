//! Makes our table of areas from a folder of JMA code tables, or shows what newer tables would change.
//!
//! `cargo run -p hikyaku-feeds --example tables -- DIR > crates/feeds/data/areas-DATE.tsv` writes the table;
//! `cargo run -p hikyaku-feeds --example tables -- --diff DIR` compares the one compiled in with what DIR would give.
//! DIR holds the JSON files of ciscorn/jma-codes (from JMA's own sheets), named as they are there.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "this is what the tool is for")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::ExitCode;

use hikyaku_bulletin::MunicipalityCode;
use serde_json::Value;

type Failure = Box<dyn std::error::Error>;
/// Table, code.
type Key = (String, String);
/// Name, prefectures, parent, position, 細分区域 it touches.
type Row = [String; 5];
/// Table, code, and the row whose last field is found later.
type Rows = BTreeMap<Key, Row>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--diff", folder] => made(Path::new(folder)).map(|new| diff(&new)),
        [folder] => made(Path::new(folder)).map(|rows| {
            println!(
                "# table\tcode\tname\tprefectures (JIS X 0401)\tparent\tlongitude,latitude\tlocal areas it touches"
            );
            rows.iter().for_each(|(key, row)| println!("{}", line(key, row)));
            ExitCode::SUCCESS
        }),
        _ => Err("name the folder of JMA code tables: tables [--diff] DIR".into()),
    };
    done.unwrap_or_else(|error| {
        eprintln!("{error}");
        ExitCode::FAILURE
    })
}

fn line((table, code): &Key, row: &Row) -> String {
    format!("{table}\t{code}\t{}", row.join("\t"))
}

/// What was added, removed and changed; fails when anything was, so that a check can rely on it.
fn diff(new: &Rows) -> ExitCode {
    let old: Rows = hikyaku_feeds::tables::areas()
        .map(|it| {
            let prefectures: Vec<String> = it.prefectures().map(|it| format!("{:02}", it.code())).collect();
            let row = [it.name, &prefectures.join(","), it.parent, it.position, it.local_codes].map(str::to_owned);
            ((it.table.word().to_owned(), it.code.to_owned()), row)
        })
        .collect();
    let keys: BTreeSet<&Key> = old.keys().chain(new.keys()).collect();
    let mut changes = 0;
    for key in keys {
        match (old.get(key), new.get(key)) {
            (Some(before), Some(after)) if before == after => continue,
            (before, after) => {
                before.iter().for_each(|row| println!("- {}", line(key, row)));
                after.iter().for_each(|row| println!("+ {}", line(key, row)));
            }
        }
        changes += 1;
    }
    println!("{changes} areas differ from the table of {}", hikyaku_feeds::tables::AREAS_DATE);
    if changes == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn read(folder: &Path, name: &str) -> Result<Value, Failure> {
    let path = folder.join(name);
    let bytes = std::fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    serde_json::from_slice(&bytes).map_err(|error| format!("{}: {error}", path.display()).into())
}

/// Code and the rest of each row of a table that is `{"items": {code: {…}}}`.
fn items(table: &Value) -> impl Iterator<Item = (&str, &Value)> {
    table["items"].as_object().into_iter().flatten().map(|(code, row)| (code.as_str(), row))
}

fn text<'a>(row: &'a Value, field: &str) -> &'a str {
    row[field].as_str().unwrap_or_default()
}

fn made(folder: &Path) -> Result<Rows, Failure> {
    let mut rows = BTreeMap::new();
    let mut add = |table: &str, code: &str, name: &str, prefectures: String, parent: &str, position: String| {
        let locals = if table == "tsunami" { coast_locals(code) } else { "" };
        let row = [name.to_owned(), prefectures, parent.to_owned(), position, locals.to_owned()];
        rows.insert((table.to_owned(), code.to_owned()), row);
    };
    let stations = read(folder, "PointSeismicIntensity.json")?;
    let mut local = BTreeMap::new();
    let mut of_city: Vec<(MunicipalityCode, String)> = Vec::new();
    for (city, row) in stations["cityToSaibun"].as_object().into_iter().flatten() {
        local.insert(text(row, "seisSaibunCode").to_owned(), city[..2].to_owned());
        of_city.extend(MunicipalityCode::from_digits(city).map(|it| (it, text(row, "seisSaibunCode").to_owned())));
    }
    let names = read(folder, "seis_saibun.json")?;
    let local_names: BTreeMap<&str, &str> =
        names.as_array().into_iter().flatten().map(|row| (text(row, "code"), text(row, "name"))).collect();
    for (code, name) in &local_names {
        let prefecture = local.get(*code).cloned().unwrap_or_default();
        add("seismic", code, name, prefecture.clone(), &prefecture, String::new());
    }
    for (code, row) in items(&read(folder, "AreaEpicenter.json")?) {
        // On land an epicentre has the code of the local area there; at sea it keeps its name and has no prefecture.
        let on_land =
            local_names.get(code).is_some_and(|name| text(row, "name").chars().take(2).eq(name.chars().take(2)));
        let prefecture = local.get(code).filter(|_| on_land).cloned().unwrap_or_default();
        add("epicentre", code, text(row, "name"), prefecture, "", String::new());
    }
    for (code, row) in items(&read(folder, "AreaForecastLocalEEW.json")?) {
        // 9, then the prefecture's JIS code, then a part of it.
        add("warned", code, text(row, "name"), code[1..3].to_owned(), "", String::new());
    }
    for (code, row) in items(&read(folder, "AreaForecastEEW.json")?) {
        add("warned", code, text(row, "name"), region(code).to_owned(), "", String::new());
    }
    for (code, row) in items(&read(folder, "AreaTsunami.json")?) {
        add("tsunami", code, text(row, "name"), coast(code)?.to_owned(), "", String::new());
    }
    let tree = read(folder, "forecast_area_tree.json")?;
    for (code, row) in items(&tree) {
        let parents = ["matome", "ichiji", "fuken"].map(|level| text(row, level));
        let parent = parents.into_iter().find(|it| !it.is_empty() && *it != code).unwrap_or_default();
        let table = if code.len() == 7 { "city" } else { "weather" };
        add(table, code, text(row, "name"), code[..2].to_owned(), parent, String::new());
    }
    for (code, row) in items(&read(folder, "AreaFloodForecast.json")?) {
        add("river", code, text(row, "name"), String::new(), "", String::new());
    }
    let cities = read(folder, "city.json")?;
    for (code, row) in items(&read(folder, "PointVolcano.json")?) {
        let at = [row["lnglat"][0].as_f64(), row["lnglat"][1].as_f64()];
        let [Some(x), Some(y)] = at else {
            add("volcano", code, text(row, "name"), String::new(), "", String::new());
            continue;
        };
        add("volcano", code, text(row, "name"), around(&cities, x, y), "", format!("{x},{y}"));
    }
    for ((table, code), row) in &mut rows {
        if table == "city" {
            row[4] = city_locals(&of_city, [code.as_str()]);
        } else if table == "weather" && text(&tree["items"][code], "level") == "saibun" {
            // The widest areas of Hokkaido are no parents: several offices share one.
            let parts =
                items(&tree).filter(|(part, row)| part.len() == 7 && text(row, "saibun") == code).map(|(code, _)| code);
            row[4] = city_locals(&of_city, parts);
        }
    }
    Ok(rows)
}

/// The 細分区域 of municipalities or parts of them; a designated city touches those of its wards.
fn city_locals<'a>(of_city: &[(MunicipalityCode, String)], codes: impl IntoIterator<Item = &'a str>) -> String {
    let cities: Vec<MunicipalityCode> = codes.into_iter().filter_map(MunicipalityCode::from_digits).collect();
    let touched = |known: MunicipalityCode| cities.iter().any(|city| known.overlaps(*city));
    let found = of_city.iter().filter(|(known, _)| touched(*known)).map(|(_, local)| local.as_str());
    found.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(",")
}

/// The 細分区域 at the shore of a 津波予報区, where it is plain that others of its prefectures are not; empty: not told apart.
fn coast_locals(code: &str) -> &'static str {
    match code {
        "312" => "341,342,350,360",
        "320" => "354,355,356,357,358",
        "321" => "359",
        "492" => "354,355,356,357,358,359",
        "340" => "370,371,372",
        "341" => "375",
        "360" => "390",
        "361" => "391",
        "520" => "530",
        "521" => "531,532,535",
        "522" => "535",
        "550" => "570,571",
        "551" => "575",
        "600" => "622",
        "710" => "711",
        "711" => "710,711",
        "730" => "730,731,732,737",
        "731" => "735,736",
        "772" => "774,778,779",
        "800" => "800,801,802",
        "801" => "803",
        "802" => "804,805,806,807",
        _ => "",
    }
}

/// Prefectures with a municipality whose bounding box holds the point: never too few for a summit on a border.
fn around(cities: &Value, x: f64, y: f64) -> String {
    let holds = |city: &&Value| {
        let edge = |at: usize| city["bbox"][at].as_f64().unwrap_or(f64::NAN);
        edge(0) <= x && x <= edge(2) && edge(1) <= y && y <= edge(3)
    };
    let found = cities.as_array().into_iter().flatten().filter(holds);
    let mut prefectures: BTreeSet<&str> = found.filter_map(|city| text(city, "code").get(..2)).collect();
    if prefectures.is_empty() && (139.0..143.0).contains(&x) && (29.0..33.0).contains(&y) {
        // Rocks of the Izu Islands that belong to no municipality are Tokyo's all the same.
        prefectures.insert("13");
    }
    prefectures.into_iter().collect::<Vec<_>>().join(",")
}

/// The prefectures of a 地方 of 緊急地震速報.
fn region(code: &str) -> &'static str {
    match code {
        "9910" => "01",
        "9920" => "02,03,04,05,06,07",
        "9931" => "08,09,10,11,12,13,14",
        "9932" | "9933" => "13",
        "9934" => "15,16,17,18",
        "9935" => "19,20",
        "9936" => "21,22,23,24",
        "9941" => "25,26,27,28,29,30",
        "9942" => "31,32,33,34,35",
        "9943" => "36,37,38,39",
        "9951" => "40,41,42,43,44,45,46",
        "9952" => "46",
        "9960" => "47",
        _ => "",
    }
}

/// The prefectures whose coast a 津波予報区 is, leaves and aggregates.
fn coast(code: &str) -> Result<&'static str, Failure> {
    Ok(match code {
        "100" | "101" | "102" | "110" | "111" | "120" | "191" | "192" => "01",
        "200" | "201" | "202" | "281" => "02",
        "210" => "03",
        "220" => "04",
        "230" => "05",
        "240" => "06",
        "250" => "07",
        "291" => "02,03,04,07",
        "292" => "02,05,06",
        "300" => "08",
        "310" | "311" | "481" => "12",
        "312" => "12,13,14",
        "320" | "321" | "492" => "13",
        "330" | "482" => "14",
        "340" | "341" | "483" => "15",
        "350" => "16",
        "360" | "361" | "484" => "17",
        "370" => "18",
        "380" => "22",
        "390" | "485" => "23",
        "391" => "23,24",
        "400" | "486" => "24",
        "491" => "08,12,13,14",
        "493" => "15,16,17,18",
        "494" => "22,23,24",
        "500" => "26",
        "510" => "27",
        "520" | "521" | "522" | "681" => "28",
        "530" => "30",
        "540" => "31",
        "550" | "551" | "682" => "32",
        "560" => "33",
        "570" => "34",
        "580" => "36",
        "590" => "37",
        "600" | "601" | "683" => "38",
        "610" => "39",
        "691" => "28,30,36,38,39",
        "692" => "26,28,31,32,35",
        "693" => "27,28,33,34,35,37,38,40,44",
        "700" | "701" | "781" => "35",
        "710" | "711" | "782" => "40",
        "712" => "40,41,42,43",
        "720" | "783" => "41",
        "730" | "731" | "784" => "42",
        "740" | "785" => "43",
        "750" | "751" | "786" => "44",
        "760" => "45",
        "770" | "771" | "772" | "773" | "787" | "793" => "46",
        "791" => "44,45,46",
        "792" => "40,41,42,43,46",
        "800" | "801" | "802" | "891" => "47",
        _ => return Err(format!("津波予報区 {code} is new: give it its prefectures in coast()").into()),
    })
}
