use importer_plugin::META_SECTION;
use object::read::macho::{FatArch, MachOFatFile32, MachOFatFile64};
use object::{Architecture, File, FileKind, Object, ObjectKind, ObjectSection, ReadRef};

use super::metadata::MetadataError;

/// No honest metadata is longer.
const MOST_BYTES: u64 = 64 << 10;

/// The bytes of the metadata section of a dynamic library for this platform.
///
/// The platform is checked here as well, because the loader's own words for a wrong one are no help.
pub(super) fn section<'data, R: ReadRef<'data>>(data: R) -> Result<Vec<u8>, MetadataError> {
    if data.len().unwrap_or(0) == 0 {
        return Err(MetadataError::Empty);
    }
    match FileKind::parse(data).map_err(|_| MetadataError::NotALibrary)? {
        FileKind::MachOFat32 => {
            let fat = MachOFatFile32::parse(data).map_err(damaged)?;
            thin(one_architecture(data, fat.arches())?)
        }
        FileKind::MachOFat64 => {
            let fat = MachOFatFile64::parse(data).map_err(damaged)?;
            thin(one_architecture(data, fat.arches())?)
        }
        _ => thin(data),
    }
}

fn thin<'data, R: ReadRef<'data>>(data: R) -> Result<Vec<u8>, MetadataError> {
    let system = match FileKind::parse(data).map_err(damaged)? {
        FileKind::Elf32 | FileKind::Elf64 => "elf",
        FileKind::MachO32 | FileKind::MachO64 => "macos",
        FileKind::Pe32 | FileKind::Pe64 => "windows",
        _ => return Err(MetadataError::NotALibrary),
    };
    let here = if cfg!(any(windows, target_os = "macos")) { std::env::consts::OS } else { "elf" };
    if system != here {
        let found = if system == "elf" { "Linux or another Unix" } else { system };
        return Err(MetadataError::OtherPlatform { found: found.into(), here: std::env::consts::OS.into() });
    }
    let file = File::parse(data).map_err(damaged)?;
    if let Some(found) = architecture(file.architecture()).filter(|&found| found != std::env::consts::ARCH) {
        let here = std::env::consts::ARCH.into();
        return Err(MetadataError::OtherPlatform { found: found.into(), here });
    }
    if file.kind() != ObjectKind::Dynamic {
        return Err(MetadataError::NotALibrary);
    }
    let section = file.section_by_name(META_SECTION).ok_or(MetadataError::Missing)?;
    if section.size() > MOST_BYTES {
        return Err(MetadataError::Malformed(format!("it is longer than {MOST_BYTES} bytes")));
    }
    Ok(section.data().map_err(damaged)?.to_vec())
}

/// The part of a macOS universal library that is for this processor.
fn one_architecture<'data, R: ReadRef<'data>>(
    data: R,
    parts: &[impl FatArch],
) -> Result<&'data [u8], MetadataError> {
    let here = std::env::consts::ARCH;
    let part = parts.iter().find(|part| architecture(part.architecture()) == Some(here));
    let part = part.ok_or_else(|| MetadataError::OtherPlatform {
        found: "other processors".into(),
        here: here.into(),
    })?;
    part.data(data).map_err(damaged)
}

fn damaged(error: object::read::Error) -> MetadataError {
    MetadataError::Damaged(error.to_string())
}

/// The name Rust has for a processor; `None` leaves the decision to the system's loader.
fn architecture(architecture: Architecture) -> Option<&'static str> {
    Some(match architecture {
        Architecture::Aarch64 => "aarch64",
        Architecture::Arm => "arm",
        Architecture::I386 => "x86",
        Architecture::LoongArch64 => "loongarch64",
        Architecture::PowerPc64 => "powerpc64",
        Architecture::Riscv64 => "riscv64",
        Architecture::S390x => "s390x",
        Architecture::X86_64 => "x86_64",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_library_is_refused_with_its_reason() {
        assert_eq!(section(&b""[..]), Err(MetadataError::Empty));
        assert_eq!(section(&b"id,name\n1,Ada\n, and many more rows"[..]), Err(MetadataError::NotALibrary));
        assert_eq!(section(&[0_u8; 4096][..]), Err(MetadataError::NotALibrary));
        assert_eq!(section(&b"!<arch>\nan archive of object files"[..]), Err(MetadataError::NotALibrary));
    }

    #[cfg(all(target_os = "linux", target_pointer_width = "64", target_endian = "little"))]
    mod elf {
        use super::super::*;
        use crate::test_image::{AARCH64, TestImage, X86_64};

        #[test]
        fn the_section_is_found() {
            assert_eq!(section(&*TestImage::new("{}").build()), Ok(b"{}".to_vec()));
        }

        #[test]
        fn a_library_without_the_section_is_another_kind_of_library() {
            assert_eq!(section(&*TestImage::new("").section(".data").build()), Err(MetadataError::Missing));
        }

        #[test]
        fn another_processor_is_named() {
            let machine = if cfg!(target_arch = "x86_64") { AARCH64 } else { X86_64 };
            let error = section(&*TestImage::new("{}").machine(machine).build()).unwrap_err();
            assert!(matches!(error, MetadataError::OtherPlatform { .. }), "{error}");
        }

        #[test]
        fn a_relocatable_object_is_no_library() {
            assert_eq!(section(&*TestImage::new("{}").kind(1).build()), Err(MetadataError::NotALibrary));
        }

        #[test]
        fn a_file_cut_off_anywhere_is_refused() {
            let whole = TestImage::new("{}").build();
            for length in 0..whole.len() {
                assert!(section(&whole[..length]).is_err(), "cut at {length}");
            }
        }

        #[test]
        fn a_file_with_any_byte_changed_is_read_or_refused() {
            let whole = TestImage::new("{}").build();
            for at in 0..whole.len() {
                for bits in [0xff, 0x80, 0x01] {
                    let mut bytes = whole.clone();
                    bytes[at] ^= bits;
                    let _ = section(&*bytes);
                }
            }
        }
    }
}
