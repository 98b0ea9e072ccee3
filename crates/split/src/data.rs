//! The constants of a program, and which of them the first part needs.
//!
//! The linker leaves a note of every constant (where it lies, how long it is) and of every place that holds the address
//! of one, in code and in other constants. The first part needs what its code names and what can be reached from there;
//! everything that can be written to stays with it as well. The notes are of the module as it was linked. Later tools
//! change its code, but leave its data where they are, so that an address still says which constant is meant.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use wasmparser::{
    BinaryReader, BinaryReaderError, Data, DataKind, KnownCustom, Linking, Operator, Parser, Payload, RelocationType,
    SymbolInfo,
};

use super::code::Code;
use crate::Outcome;

/// Where the linker put read-only constants: the first segment bears this name.
const READ_ONLY: &str = ".rodata";

/// From this length on, in bytes, a text is long.
const LONG_TEXT: usize = 256;

/// The read-only constants of a linked module.
pub struct Constants {
    /// Where each lies in memory, in order; constants that share bytes are one.
    blocks: Vec<Range<u32>>,
    /// The constants whose addresses each one holds.
    held: Vec<BTreeSet<usize>>,
    /// The constants that data hold which may be written to.
    kept: BTreeSet<usize>,
    /// What an address in code stands for. It may lie outside of what it leads to, as where counting begins at one.
    named: BTreeMap<u32, BTreeSet<usize>>,
}

/// A segment of the linked module: its address, its place in the file, and its bytes.
struct Segment {
    address: u32,
    file: Range<usize>,
}

/// A place that holds an address: where it is in the file, the address, the symbol that it is of, and how far off.
struct Mention {
    place: usize,
    address: u32,
    symbol: u32,
    addend: i64,
    in_data: bool,
}

impl Mention {
    /// Where its symbol lies. The linker's table does not say so of strings that it has merged, but the address does.
    fn start(&self) -> Outcome<u32> {
        let start = i64::from(self.address) - self.addend;
        u32::try_from(start).map_err(|_| format!("there is no address {start}"))
    }
}

impl Constants {
    /// Reads a linked module. Nothing where the linker left no notes.
    pub fn read(linked: &[u8]) -> Outcome<Option<Self>> {
        Notes::read(linked).map_err(|error| format!("the linked module could not be read: {error}"))?.constants()
    }

    /// The constants that only rare functions name.
    pub fn rare<'c, 'a: 'c>(
        &self,
        rare: impl Iterator<Item = &'c Code<'a>>,
        others: impl Iterator<Item = &'c Code<'a>>,
    ) -> BTreeSet<usize> {
        let by_others = self.named_by(others);
        self.named_by(rare)
            .into_iter()
            .filter(|block| !by_others.contains(block) && !self.kept.contains(block))
            .collect()
    }

    /// The long texts that code names which never ran, and none of the code that did. A text is read from its beginning,
    /// so that whoever reads it names it: other numbers that fall into it are numbers. (Tables are read in their middle.)
    pub fn texts<'c, 'a: 'c>(
        &self,
        cold: impl Iterator<Item = &'c Code<'a>>,
        ran: impl Iterator<Item = &'c Code<'a>>,
        data: &[(u32, &[u8])],
    ) -> BTreeSet<usize> {
        self.rare(cold, ran).into_iter().filter(|block| self.is_long_text(*block, data)).collect()
    }

    fn is_long_text(&self, block: usize, data: &[(u32, &[u8])]) -> bool {
        let range = &self.blocks[block];
        let bytes = data.iter().find_map(|(start, bytes)| {
            let from = range.start.checked_sub(*start)? as usize;
            bytes.get(from..from + range.len())
        });
        let text = bytes.filter(|bytes| bytes.len() >= LONG_TEXT).and_then(|bytes| std::str::from_utf8(bytes).ok());
        text.is_some_and(|text| text.chars().all(|c| !c.is_control() || c.is_whitespace()))
    }

    fn named_by<'c, 'a: 'c>(&self, codes: impl Iterator<Item = &'c Code<'a>>) -> BTreeSet<usize> {
        let numbers = codes.flat_map(|code| &code.ops).flat_map(addresses).flatten();
        numbers.filter_map(|number| self.named.get(&number)).flatten().copied().collect()
    }

    /// The addresses of the bytes that these functions never read, and that memory outside of constants does not
    /// point to. Of constants that only rare functions name, no function that ran can have left an address: a number
    /// that looks like one is a number. They may be long, and any number falls into them.
    pub fn unread<'c, 'a: 'c>(
        &self,
        codes: impl Iterator<Item = &'c Code<'a>>,
        data: &[(u32, &[u8])],
        rare: &BTreeSet<usize>,
    ) -> Vec<Range<u32>> {
        let mut needed = BTreeSet::new();
        let mut next: Vec<usize> = self.kept.iter().copied().collect();
        next.extend(data.iter().flat_map(|(start, bytes)| self.pointed_at(*start, bytes)));
        for op in codes.flat_map(|code| &code.ops) {
            for address in addresses(op).into_iter().flatten() {
                next.extend(self.named.get(&address).into_iter().flatten());
                next.extend(self.at(address));
            }
        }
        next.retain(|block| !rare.contains(block));
        while let Some(block) = next.pop() {
            if needed.insert(block) {
                next.extend(&self.held[block]);
            }
        }
        let spare = (0..self.blocks.len()).filter(|block| !needed.contains(block));
        spare.map(|block| self.blocks[block].clone()).collect()
    }

    /// The constants that words outside of all constants may be addresses of.
    fn pointed_at(&self, start: u32, bytes: &[u8]) -> BTreeSet<usize> {
        let skipped = start.next_multiple_of(4) - start;
        let words = bytes.get(skipped as usize..).unwrap_or_default().as_chunks::<4>().0;
        let words = (start + skipped..).step_by(4).zip(words).filter(|(address, _)| self.at(*address).is_none());
        words.filter_map(|(_, word)| self.at(u32::from_le_bytes(*word))).collect()
    }

    fn at(&self, address: u32) -> Option<usize> {
        let block = self.blocks.partition_point(|block| block.end <= address);
        self.blocks.get(block).filter(|range| range.contains(&address)).map(|_| block)
    }
}

/// What of an operator's number may be an address. Two of them, or an address and a length, may have become one number.
fn addresses(op: &Operator<'_>) -> [Option<u32>; 2] {
    let offset = match op {
        Operator::I32Const { value } => return [Some(value.cast_unsigned()), None],
        Operator::I64Const { value } => {
            let halves = value.cast_unsigned();
            return [Some((halves & u64::from(u32::MAX)) as u32), Some((halves >> 32) as u32)];
        }
        Operator::I32Load { memarg }
        | Operator::I64Load { memarg }
        | Operator::F32Load { memarg }
        | Operator::F64Load { memarg }
        | Operator::I32Load8S { memarg }
        | Operator::I32Load8U { memarg }
        | Operator::I32Load16S { memarg }
        | Operator::I32Load16U { memarg }
        | Operator::I64Load8S { memarg }
        | Operator::I64Load8U { memarg }
        | Operator::I64Load16S { memarg }
        | Operator::I64Load16U { memarg }
        | Operator::I64Load32S { memarg }
        | Operator::I64Load32U { memarg } => memarg.offset,
        _ => return [None, None],
    };
    [u32::try_from(offset).ok(), None]
}

/// What the linker left.
#[derive(Default)]
struct Notes {
    segments: Vec<Segment>,
    names: Vec<String>,
    /// The start of each section's content in the file.
    sections: Vec<usize>,
    data_section: Option<usize>,
    /// The size of each data symbol; nothing for symbols of other kinds.
    symbols: Vec<Option<u32>>,
    mentions: Vec<Mention>,
}

impl Notes {
    fn read(linked: &[u8]) -> Result<Self, BinaryReaderError> {
        let mut notes = Self::default();
        for payload in Parser::new(0).parse_all(linked) {
            let payload = payload?;
            match &payload {
                Payload::DataSection(section) => {
                    notes.data_section = Some(notes.sections.len());
                    for data in section.clone() {
                        notes.segments.push(segment(data?)?);
                    }
                }
                Payload::CustomSection(section) => notes.custom(section.as_known(), linked)?,
                _ => {}
            }
            notes.sections.extend(payload.as_section().map(|(_, range)| range.start));
        }
        Ok(notes)
    }

    fn custom(&mut self, section: KnownCustom<'_>, linked: &[u8]) -> Result<(), BinaryReaderError> {
        match section {
            KnownCustom::Linking(linking) => {
                for part in linking.subsections() {
                    match part? {
                        Linking::SymbolTable(symbols) => {
                            for symbol in symbols {
                                self.symbols.push(match symbol? {
                                    SymbolInfo::Data { symbol: Some(data), .. } => Some(data.size),
                                    _ => None,
                                });
                            }
                        }
                        Linking::SegmentInfo(segments) => {
                            for segment in segments {
                                self.names.push(segment?.name.to_owned());
                            }
                        }
                        _ => {}
                    }
                }
            }
            KnownCustom::Reloc(relocations) => {
                let section = relocations.section_index() as usize;
                let start = self.sections.get(section).copied().unwrap_or_default();
                for entry in relocations.entries() {
                    let entry = entry?;
                    let place = start + entry.offset as usize;
                    let mut reader = BinaryReader::new(linked.get(place..).unwrap_or_default(), place);
                    let address = match entry.ty {
                        RelocationType::MemoryAddrLeb => reader.read_var_u32()?,
                        RelocationType::MemoryAddrSleb => reader.read_var_i32()?.cast_unsigned(),
                        RelocationType::MemoryAddrI32 => reader.read_u32()?,
                        _ => continue,
                    };
                    let in_data = self.data_section == Some(section);
                    self.mentions.push(Mention { place, address, symbol: entry.index, addend: entry.addend, in_data });
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn constants(self) -> Outcome<Option<Constants>> {
        if self.symbols.is_empty() || self.mentions.is_empty() {
            return Ok(None);
        }
        let read_only = self.names.iter().position(|name| name == READ_ONLY);
        let read_only = read_only.and_then(|at| self.segments.get(at)).ok_or("the linker made no read-only segment")?;
        let read_only = read_only.address..read_only.address + read_only.file.len() as u32;
        let mut ranges: Vec<Range<u32>> = Vec::new();
        for mention in &self.mentions {
            let size = self.symbols.get(mention.symbol as usize).copied().flatten().unwrap_or_default();
            let start = mention.start()?;
            if size > 0 && read_only.contains(&start) {
                ranges.push(start..start + size);
            }
        }
        ranges.sort_by_key(|range| (range.start, range.end));
        let mut blocks: Vec<Range<u32>> = Vec::new();
        for range in ranges {
            match blocks.last_mut() {
                Some(last) if range.start < last.end => last.end = last.end.max(range.end),
                _ => blocks.push(range),
            }
        }
        let mut constants = Constants {
            held: vec![BTreeSet::new(); blocks.len()],
            blocks,
            kept: BTreeSet::new(),
            named: BTreeMap::new(),
        };
        for mention in &self.mentions {
            let Some(block) = constants.at(mention.start()?) else { continue };
            if !mention.in_data {
                constants.named.entry(mention.address).or_default().insert(block);
                continue;
            }
            match self.address(mention.place).and_then(|address| constants.at(address)) {
                Some(holder) => drop(constants.held[holder].insert(block)),
                None => drop(constants.kept.insert(block)),
            }
        }
        Ok(Some(constants))
    }

    /// The address of a byte of the file.
    fn address(&self, at: usize) -> Option<u32> {
        let segment = self.segments.iter().find(|segment| segment.file.contains(&at))?;
        Some(segment.address + u32::try_from(at - segment.file.start).ok()?)
    }
}

fn segment(data: Data<'_>) -> Result<Segment, BinaryReaderError> {
    let file = data.range.end - data.data.len()..data.range.end;
    Ok(Segment { address: address_of(&data.kind)?.unwrap_or_default(), file })
}

/// Where a segment goes when the module starts, for those that do.
pub fn address_of(kind: &DataKind<'_>) -> Result<Option<u32>, BinaryReaderError> {
    let DataKind::Active { memory_index: 0, offset_expr } = kind else { return Ok(None) };
    Ok(match offset_expr.get_operators_reader().read()? {
        Operator::I32Const { value } => Some(value.cast_unsigned()),
        _ => None,
    })
}

/// Ranges that come in order, with those made one that have no more than `gap` between them.
pub fn gather<N>(ranges: impl IntoIterator<Item = Range<N>>, gap: N) -> Vec<Range<N>>
where
    N: Copy + Ord + std::ops::Sub<Output = N>,
{
    let mut gathered: Vec<Range<N>> = Vec::new();
    for range in ranges {
        match gathered.last_mut() {
            Some(last) if range.start - last.end <= gap => last.end = range.end,
            _ => gathered.push(range),
        }
    }
    gathered
}

/// What two ranges have in common.
pub fn overlap(one: &Range<u32>, other: &Range<u32>) -> Option<Range<u32>> {
    let common = one.start.max(other.start)..one.end.min(other.end);
    (!common.is_empty()).then_some(common)
}

/// The place of an address range among bytes that begin at `start`.
pub fn within(range: &Range<u32>, start: u32) -> Range<usize> {
    (range.start - start) as usize..(range.end - start) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Module;

    /// Four constants from 1000 on: the first holds the address of the second, code names the third from before its
    /// start, and something that can be written to may point to the fourth.
    fn constants() -> Constants {
        let blocks = vec![1000..1008, 1008..1020, 1020..1024, 1024..1030];
        let mut held = vec![BTreeSet::new(); blocks.len()];
        held[0].insert(1);
        Constants { blocks, held, kept: BTreeSet::new(), named: BTreeMap::from([(1016, BTreeSet::from([2]))]) }
    }

    fn unread(body: &str, data: &[(u32, &[u8])]) -> Vec<Range<u32>> {
        let bytes =
            wat::parse_str(format!("(module (memory 1) (func (export \"f\") {body}))")).expect("it is well formed");
        let module = Module::read(&bytes).expect("it is valid");
        constants().unread(module.codes.iter(), data, &BTreeSet::new())
    }

    #[test]
    fn what_code_names_and_what_that_leads_to_is_read() {
        assert_eq!(unread("", &[]), [1000..1008, 1008..1020, 1020..1024, 1024..1030]);
        assert_eq!(unread("(drop (i32.const 1004))", &[]), [1020..1024, 1024..1030]);
        assert_eq!(unread("(drop (i32.load8_u offset=1029 (i32.const 0)))", &[]), [1000..1008, 1008..1020, 1020..1024]);
        // Between two constants, and yet known to be the address of one; what lies there stays as well.
        assert_eq!(unread("(drop (i32.const 1016))", &[]), [1000..1008, 1024..1030]);
        // An address and a length in one number, on either side.
        assert_eq!(unread("(drop (i64.const 0x6_000003f0))", &[]), [1000..1008, 1020..1024, 1024..1030]);
        assert_eq!(unread("(drop (i64.const 0x3fc_00000006))", &[]), [1000..1008, 1008..1020, 1024..1030]);
    }

    #[test]
    fn a_number_is_no_address_of_what_only_rare_functions_name() {
        let text =
            "(module (memory 1) (func (drop (i32.const 1016))) (func (drop (i32.const 1022)) (drop (i32.const 1008))))";
        let bytes = wat::parse_str(text).expect("it is well formed");
        let module = Module::read(&bytes).expect("it is valid");
        let constants = constants();
        let rare = constants.rare(module.codes[..1].iter(), module.codes[1..].iter());
        assert_eq!(rare, BTreeSet::from([2]));
        let word = 1021_u32.to_le_bytes();
        let unread = constants.unread(module.codes[1..].iter(), &[(2000, &word)], &rare);
        assert_eq!(unread, [1000..1008, 1020..1024, 1024..1030]);
        let named_by_both = constants.rare(module.codes[..1].iter(), module.codes.iter());
        assert_eq!(named_by_both, BTreeSet::new());
    }

    #[test]
    fn a_number_is_no_address_of_a_long_text_that_only_others_name() {
        let text = "(module (memory 1) (func (drop (i32.const 1000)) (drop (i32.const 2000))) (func (drop (i32.const 1001)) (drop (i32.const 2001))))";
        let bytes = wat::parse_str(text).expect("it is well formed");
        let module = Module::read(&bytes).expect("it is valid");
        // A text from 1000 on, and a table from 2000 on, both named by their beginning.
        let constants = Constants {
            blocks: vec![1000..1300, 2000..2300],
            held: vec![BTreeSet::new(); 2],
            kept: BTreeSet::new(),
            named: BTreeMap::from([(1000, BTreeSet::from([0])), (2000, BTreeSet::from([1]))]),
        };
        let (letters, table) = ([b'a'; 300], [1; 300]);
        let data: [(u32, &[u8]); 2] = [(1000, &letters), (2000, &table)];
        let (cold, ran) = (&module.codes[..1], &module.codes[1..]);
        let texts = constants.texts(cold.iter(), ran.iter(), &data);
        assert_eq!(texts, BTreeSet::from([0]));
        let unread = constants.unread(ran.iter(), &[], &texts);
        assert_eq!((unread.len(), &unread[0]), (1, &(1000..1300)));
        assert_eq!(constants.texts(cold.iter(), cold.iter(), &data), BTreeSet::new());
        assert_eq!(constants.texts(cold.iter(), ran.iter(), &[(1200, &letters)]), BTreeSet::new());
    }

    #[test]
    fn what_memory_points_to_is_read() {
        let word = 1025_u32.to_le_bytes();
        assert_eq!(unread("", &[(2000, &word)]), [1000..1008, 1008..1020, 1020..1024]);
        // Words lie at multiples of four, wherever the data begins.
        let shifted = [&[9], &word[..]].concat();
        assert_eq!(unread("", &[(1999, &shifted)]), [1000..1008, 1008..1020, 1020..1024]);
        // A constant that nobody reads does not count.
        assert_eq!(unread("", &[(1000, &word)]).len(), 4);
    }
}
