//! Recordings from a hostile hand, in both forms: reading one never panics, and takes at most 50 ms and 64 MB. A build for
//! development, which is less optimized than what people use, may take twice as long.
//!
//! Ten thousand are tried; `PETRI_HOSTILE=100000 cargo test --profile native -p petri-tests --test hostile` tries as many as one
//! likes, and `PETRI_HOSTILE_SEED` others. This is a program of its own because it counts what is allocated.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use peak_alloc::PeakAlloc;
use petri_sim::story::link;
use petri_sim::story::shared::Shared;
use petri_tests::{Chance, used};
use std::path::Path;
use std::time::{Duration, Instant};

#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;

const LONGEST: Duration = Duration::from_millis(if cfg!(debug_assertions) { 100 } else { 50 });
const LARGEST: usize = 64 << 20;

/// What is put where it does not belong.
fn token(chance: &mut Chance) -> Vec<u8> {
    let many = |chance: &mut Chance, text: &str| text.repeat(1 + chance.below(200_000)).into_bytes();
    let few = |chance: &mut Chance, text: &str| text.repeat(1 + chance.below(2_000)).into_bytes();
    match chance.below(200) {
        0 => many(chance, "["),
        1 => many(chance, "{\"a\":"),
        2 => many(chance, "0,"),
        3 => many(chance, "{},"),
        4 => many(chance, "\"a\","),
        5 => many(chance, "\"\\u0041"),
        6 => (0..chance.below(100_000)).map(|n| format!("\"k{n}\":{{}},")).collect::<String>().into_bytes(),
        7 => many(chance, "{\"at\":1,\"do\":{\"verb\":\"cut\",\"node\":\"a\"}},"),
        8 => many(chance, "\"manifest\":{"),
        9 => many(chance, "\"manifest\":["),
        10 => many(chance, "\"verb\":\"cut\","),
        11..=40 => few(chance, "["),
        41..=60 => few(chance, "0,"),
        61..=80 => few(chance, "{\"labels\":"),
        81..=90 => few(chance, "{\"name\":\"m\",\"labels\":{},\"ip\":\"\",\"cpu\":\"\",\"memory\":\"\",\"pods\":1},"),
        _ => chance
            .one(&[
                "null",
                "-1",
                "1e999",
                "18446744073709551615",
                "9223372036854775807",
                "-9223372036854775808",
                "1.5",
                "{}",
                "[]",
                "\"\"",
                "true",
                "\\",
                "\"",
                "\u{0}",
                "\\ud800",
                "\u{202e}",
                "{\"$serde_json::private::Number\":\"1\"}",
                "{\"$serde_json::private::Number\":\"x\"}",
                "\"settings\":{\"weather\":1},",
                "\"verb\":\"explode\",",
                "99999999999999999999999999",
                "\"engine\":\"9.9.9\",",
                "\"position\":9007199254740991,",
                ",",
                ":",
                "}",
                "]",
                "2147483647",
                "\"by\":1,",
                "\"kind\":\"Event\"",
            ])
            .as_bytes()
            .to_vec(),
    }
}

fn mutate(bytes: &mut Vec<u8>, others: &[Vec<u8>], chance: &mut Chance) {
    for _ in 0..1 + chance.below(4) {
        let (a, b) = (chance.below(bytes.len()), chance.below(bytes.len()));
        let (from, to) = (a.min(b), a.max(b));
        match chance.below(12) {
            0 if !bytes.is_empty() => bytes[a] ^= 1 << chance.below(8),
            1 if !bytes.is_empty() => bytes[a] = chance.draw() as u8,
            2 => bytes.truncate(a),
            3 => drop(bytes.drain(from..to.min(from + 1 + chance.below(64)))),
            4 => {
                let piece = bytes[from..to.min(from + 400)].to_vec();
                let most = if chance.below(40) == 0 { 2_000 } else { 4 };
                let times = 1 + chance.below(most);
                bytes.splice(a..a, piece.repeat(times));
            }
            5 if !bytes.is_empty() => bytes.swap(a, b),
            6 => {
                let other = chance.one(others);
                let start = chance.below(other.len());
                let end = (start + chance.below(300)).min(other.len());
                bytes.splice(from..from, other[start..end].iter().copied());
            }
            // A digit more or less.
            7 => {
                if let Some(at) = bytes[from..].iter().position(u8::is_ascii_digit) {
                    bytes.splice(from + at..from + at, b"9999999".iter().copied().take(1 + chance.below(7)));
                }
            }
            8 => bytes.splice(from..to.min(from + 20), token(chance)).for_each(drop),
            // A value replaced as a whole.
            9 => {
                if let Some(at) = bytes[from..].iter().position(|byte| *byte == b':').map(|at| from + at + 1) {
                    let length = bytes[at..].iter().position(|byte| b",}]".contains(byte)).unwrap_or(0);
                    bytes.splice(at..at + length, token(chance));
                }
            }
            _ => bytes.splice(a..a, token(chance)).for_each(drop),
        }
    }
    bytes.truncate(6 << 20);
}

enum Form {
    Json,
    Link,
}

/// Reads it, writes what was read, and answers what that took, and whether it was accepted and left something.
fn read(text: &str, form: &Form) -> (Duration, usize, bool, bool) {
    ALLOCATED.reset_peak_usage();
    let (before, started) = (ALLOCATED.current_usage(), Instant::now());
    let from = used(started);
    let result = match form {
        Form::Json => Shared::from_json(text),
        Form::Link => link::from_fragment(text).expect("it says that it is one"),
    };
    let took = used(started) - from;
    let peak = ALLOCATED.peak_usage().saturating_sub(before);
    match result {
        Ok(shared) => {
            assert_eq!(Shared::from_json(&shared.to_json()).as_ref(), Ok(&shared), "what is accepted can be kept");
            (took, peak, true, false)
        }
        Err(refused) => {
            assert!(!refused.words.is_empty() && refused.words.len() < 400, "{}", refused.words);
            (took, peak, false, !refused.manifests.is_empty())
        }
    }
}

fn number(variable: &str, usual: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

#[test]
fn no_recording_harms_who_opens_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("recordings");
    let files = std::fs::read_dir(&folder).expect("recordings are kept").flatten().map(|entry| entry.path());
    let mut paths: Vec<_> = files.filter(|path| path.extension().is_some_and(|ending| ending == "json")).collect();
    paths.sort();
    let texts: Vec<Vec<u8>> = paths.iter().map(|path| std::fs::read(path).expect("it can be read")).collect();
    assert!(texts.len() >= 10);
    let packed: Vec<Vec<u8>> = texts
        .iter()
        .map(|text| {
            let shared = Shared::from_json(std::str::from_utf8(text).expect("it is text")).expect("it opens");
            let fragment = link::to_fragment(&shared);
            URL_SAFE_NO_PAD.decode(&fragment["r=".len()..]).expect("it is base64url")
        })
        .collect();
    // A few kilobytes that unpack to hundreds of megabytes, or to a text at the limit that goes wrong at its end.
    let long = "a".repeat((4 << 20) - 100_000);
    let deflate = |text: &[u8]| miniz_oxide::deflate::compress_to_vec(text, 6);
    let bombs: Vec<Vec<u8>> = [
        deflate(&vec![b' '; 256 << 20]),
        deflate(&vec![b'['; 4 << 20]),
        deflate(&b"0,".repeat(2 << 20)),
        deflate(format!("{{\"{long}\":{}", "[".repeat(60)).as_bytes()),
        deflate(format!("{{\"{long}\":{}{}!", "[".repeat(38), "{\"manifest\":").as_bytes()),
        deflate(format!("{{\"manifest\":\"{long}\",{}", "\"manifest\":[".repeat(30)).as_bytes()),
        deflate(format!("[{}", "\"manifest\":{\"a\":[".repeat(200_000)).as_bytes()),
        deflate(format!("{{{}", "\"manifest\":1,".repeat(300_000)).as_bytes()),
    ]
    .into();

    let mut chance = Chance::new(number("PETRI_HOSTILE_SEED", 1));
    let (mut slowest, mut largest, mut accepted, mut saved) = (Duration::ZERO, 0, 0, 0);
    let count = number("PETRI_HOSTILE", 10_000);
    for trial in 0..count {
        let link = |bytes: &[u8]| format!("#r={}", URL_SAFE_NO_PAD.encode(bytes));
        let (text, form) = match chance.below(10) {
            // The text itself.
            0..=3 => {
                let mut bytes = chance.one(&texts).clone();
                mutate(&mut bytes, &texts, &mut chance);
                (String::from_utf8_lossy(&bytes).into_owned(), Form::Json)
            }
            // A link of the first form.
            4 => {
                let mut bytes = chance.one(&texts).clone();
                mutate(&mut bytes, &texts, &mut chance);
                (format!("#recording={}", URL_SAFE_NO_PAD.encode(bytes)), Form::Link)
            }
            // What is packed is not what it should be.
            5..=6 => {
                let mut bytes = chance.one(&texts).clone();
                mutate(&mut bytes, &texts, &mut chance);
                (link(&[&[1], &*deflate(&bytes)].concat()), Form::Link)
            }
            // The packing is damaged.
            7 => {
                let mut bytes = chance.one(&packed).clone();
                mutate(&mut bytes, &packed, &mut chance);
                (link(&bytes), Form::Link)
            }
            // The letters are.
            8 => {
                let mut letters = URL_SAFE_NO_PAD.encode(chance.one(&packed)).into_bytes();
                mutate(&mut letters, &packed, &mut chance);
                (format!("#r={}", String::from_utf8_lossy(&letters).replace(['&', '#'], "")), Form::Link)
            }
            _ => {
                let mut bytes = [&[1], &**chance.one(&bombs)].concat();
                if chance.below(2) == 0 {
                    let at = chance.below(bytes.len());
                    bytes[at] ^= 1 << chance.below(8);
                }
                // Few of them: each is as much as may be.
                if chance.below(20) > 0 {
                    bytes.truncate(1 + chance.below(200));
                }
                (link(&bytes), Form::Link)
            }
        };
        let (mut took, peak, opens, left) = read(&text, &form);
        // Other programs on the machine disturb a measurement, but not three of them.
        for _ in 0..2 {
            if took > LONGEST {
                took = took.min(read(&text, &form).0);
            }
        }
        accepted += u64::from(opens);
        saved += u64::from(left);
        let beginning: String = text.chars().take(200).collect();
        if std::env::var("PETRI_HOSTILE_SHOW").is_ok() && (took > slowest || peak > largest) {
            println!("{trial}: {took:?}, {} kB, {} bytes: {beginning}", peak >> 10, text.len());
        }
        if took > LONGEST || peak > LARGEST {
            let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join("hostile.txt");
            std::fs::write(&kept, &text).expect("there is room for it");
            println!("it is kept in {}", kept.display());
        }
        slowest = slowest.max(took);
        largest = largest.max(peak);
        assert!(took <= LONGEST, "{trial}: {took:?} for {} bytes: {beginning}", text.len());
        assert!(peak <= LARGEST, "{trial}: {} kB for {} bytes: {beginning}", peak >> 10, text.len());
    }
    println!(
        "{count} recordings: {accepted} opened, {saved} left manifests; at most {slowest:?} and {} kB",
        largest >> 10
    );
    assert!(accepted > count / 100 && saved > count / 100, "the mutations reach past the first check");
}
