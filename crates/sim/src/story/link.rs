//! A recording as a link: its JSON, packed.
//!
//! The form, behind `#r=`: base64url of one byte that says which form it is, and then, for 1, the JSON as a raw deflate
//! stream whose window begins with the dictionary of `link/dictionary-1.txt`. Repeated words cost little there, and what
//! most recordings have in common, such as the machines of the first visit, costs next to nothing.
//!
//! Invariants (held by the links that are kept in `tests/recordings`):
//! * a dictionary never changes: a better one is a new form with a new first byte, and the old one stays;
//! * links with the JSON as it is, behind `#recording=`, open for ever as well;
//! * no more than [`MAX_BYTES`] are ever unpacked.

use crate::ground::limits::MAX_BYTES;
use crate::story::shared::{Refused, Shared, manifests};
use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use miniz_oxide::deflate::core::{
    CompressorOxide, TDEFLFlush, TDEFLStatus, compress, create_comp_flags_from_zip_params,
};
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};

/// What most recordings hold: it is part of the form, and must not change by one byte.
const DICTIONARY: &[u8] = include_bytes!("link/dictionary-1.txt");
/// JSON behind the dictionary.
const PACKED: u8 = 1;
/// The letters of an address, without padding, which old links may have.
const LETTERS: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::URL_SAFE,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);
/// A longer part of an address is none of ours.
const MAX_LETTERS: usize = MAX_BYTES / 3 * 4 + 4;

/// The part of an address that carries a run: `r=...`.
pub fn to_fragment(shared: &Shared) -> String {
    let mut bytes = vec![PACKED];
    pack(shared.to_json().as_bytes(), &mut bytes);
    format!("r={}", LETTERS.encode(bytes))
}

/// Reads the run of an address, `#r=...` or, as in old links, `#recording=...`; `None` if it carries none.
pub fn from_fragment(hash: &str) -> Option<Result<Shared, Refused>> {
    hash.trim_start_matches('#').split('&').find_map(|part| match part.split_once('=')? {
        ("r", letters) => Some(read(letters, unpack)),
        ("recording", letters) => Some(read(letters, |bytes| Ok((bytes, true)))),
        _ => None,
    })
}

/// Makes a run's text of the bytes of a link, and says whether that is all of it.
type Unpack = fn(Vec<u8>) -> Result<(Vec<u8>, bool), &'static str>;

/// Reads a run from its letters.
fn read(letters: &str, unpack: Unpack) -> Result<Shared, Refused> {
    let refuse = |words: &str| Refused { words: words.into(), manifests: Vec::new() };
    if letters.len() > MAX_LETTERS {
        return Err(refuse("the link is too long"));
    }
    let (bytes, arrived) = to_bytes(letters);
    let (text, unpacked) = unpack(bytes).map_err(refuse)?;
    match String::from_utf8(text) {
        Ok(text) if arrived && unpacked => Shared::from_json(&text),
        Ok(text) => Err(Refused { manifests: manifests(&text), ..refuse(DAMAGED) }),
        Err(problem) => {
            let text = String::from_utf8_lossy(problem.as_bytes());
            Err(Refused { manifests: manifests(&text), ..refuse(DAMAGED) })
        }
    }
}

const DAMAGED: &str = "the link is cut off or damaged";

/// The bytes of the letters, as far as they are ours, and whether all of them are.
fn to_bytes(letters: &str) -> (Vec<u8>, bool) {
    match LETTERS.decode(letters) {
        Ok(bytes) => (bytes, true),
        Err(_) => {
            let ours = letters.bytes().take_while(|letter| letter.is_ascii_alphanumeric() || b"-_".contains(letter));
            let ours = &letters[..ours.count() / 4 * 4];
            (LETTERS.decode(ours).unwrap_or_default(), false)
        }
    }
}

/// Packs a text behind the dictionary.
fn pack(text: &[u8], packed: &mut Vec<u8>) {
    // The best level, and no header.
    let mut state = CompressorOxide::new(create_comp_flags_from_zip_params(9, -15, 0));
    // What the dictionary comes to is thrown away: whoever unpacks has it.
    run(&mut state, DICTIONARY, TDEFLFlush::Sync, &mut Vec::new());
    run(&mut state, text, TDEFLFlush::Finish, packed);
}

fn run(state: &mut CompressorOxide, mut text: &[u8], flush: TDEFLFlush, packed: &mut Vec<u8>) {
    let mut piece = [0; 4096];
    loop {
        let (status, read, written) = compress(state, text, &mut piece, flush);
        text = &text[read..];
        packed.extend_from_slice(&piece[..written]);
        let more = status == TDEFLStatus::Okay && (written == piece.len() || !text.is_empty());
        if !more && (flush != TDEFLFlush::Finish || status != TDEFLStatus::Okay) {
            return;
        }
    }
}

/// The text that was packed, as far as it comes, and whether all of it did.
///
/// # Errors
/// The link is of a form that is not known here.
fn unpack(packed: Vec<u8>) -> Result<(Vec<u8>, bool), &'static str> {
    let mut packed = match packed.split_first() {
        None => return Ok((Vec::new(), false)),
        Some((&PACKED, packed)) => packed,
        Some(_) => return Err("the link is damaged, or of a newer Petri"),
    };
    let mut text = DICTIONARY.to_vec();
    let mut state = Box::<DecompressorOxide>::default();
    let (mut end, limit) = (text.len(), text.len() + MAX_BYTES);
    loop {
        let room = (end * 2).max(16 << 10).min(limit);
        text.resize(room, 0);
        let flags = TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
        let (status, read, written) = decompress(&mut state, packed, &mut text, end, flags);
        packed = &packed[read..];
        end += written;
        if status != TINFLStatus::HasMoreOutput || end == limit {
            text.truncate(end);
            text.drain(..DICTIONARY.len());
            return Ok((text, status == TINFLStatus::Done));
        }
    }
}
