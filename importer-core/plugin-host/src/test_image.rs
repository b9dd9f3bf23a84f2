//! The smallest ELF file that passes for a dynamic library, for tests that must not depend on a compiler.

use importer_plugin::META_SECTION;

pub(super) const X86_64: u16 = 62;
pub(super) const AARCH64: u16 = 183;
const DYNAMIC: u16 = 3;
const HEADER: usize = 64;

/// A file with one section of a given name and content.
pub(super) struct TestImage {
    content: Vec<u8>,
    section: String,
    machine: u16,
    kind: u16,
}

impl TestImage {
    pub(super) fn new(content: &str) -> Self {
        let machine = if cfg!(target_arch = "aarch64") { AARCH64 } else { X86_64 };
        Self { content: content.into(), section: META_SECTION.into(), machine, kind: DYNAMIC }
    }

    /// A file that calls itself a plugin.
    pub(super) fn plugin(id: &str, version: &str) -> Self {
        Self::new(&format!(r#"{{"id":"{id}","version":"{version}","sdk":"0.1.0","panic":"unwind"}}"#))
    }

    pub(super) fn section(mut self, name: &str) -> Self {
        self.section = name.into();
        self
    }

    pub(super) fn machine(mut self, machine: u16) -> Self {
        self.machine = machine;
        self
    }

    pub(super) fn kind(mut self, kind: u16) -> Self {
        self.kind = kind;
        self
    }

    pub(super) fn build(&self) -> Vec<u8> {
        let names = format!("\0{}\0.shstrtab\0", self.section);
        let names_at = HEADER + self.content.len();
        let table_at = (names_at + names.len()).next_multiple_of(8);
        let mut out = b"\x7fELF\x02\x01\x01".to_vec();
        out.resize(16, 0);
        for half in [self.kind, self.machine] {
            out.extend(half.to_le_bytes());
        }
        out.extend(1_u32.to_le_bytes());
        for word in [0, 0, table_at as u64] {
            out.extend(word.to_le_bytes());
        }
        out.extend(0_u32.to_le_bytes());
        // Sizes and counts: this header, no program headers, three sections, names in the last.
        for half in [64_u16, 56, 0, 64, 3, 2] {
            out.extend(half.to_le_bytes());
        }
        out.extend(&self.content);
        out.extend(names.as_bytes());
        out.resize(table_at, 0);
        out.resize(table_at + 64, 0);
        out.extend(section_header(1, 1, HEADER, self.content.len()));
        out.extend(section_header(u32::try_from(self.section.len() + 2).unwrap(), 3, names_at, names.len()));
        out
    }
}

fn section_header(name: u32, kind: u32, at: usize, length: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(64);
    out.extend(name.to_le_bytes());
    out.extend(kind.to_le_bytes());
    for word in [0, 0, at as u64, length as u64] {
        out.extend(word.to_le_bytes());
    }
    out.extend([0; 8]);
    for word in [1_u64, 0] {
        out.extend(word.to_le_bytes());
    }
    out
}
