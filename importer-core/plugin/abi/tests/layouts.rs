//! What shipped stays as it shipped: the layout of everything that crosses the boundary, written down in `layouts.txt`.
#![cfg(target_pointer_width = "64")]
#![allow(clippy::unwrap_used, reason = "helpers of tests fail like tests")]
// On other widths pointers and lengths have other sizes, and the names and the order of fields are the same.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::Path;

use abi_stable::StableAbi;
use abi_stable::std_types::utypeid::UTypeId;
use abi_stable::type_layout::{TLData, TLFields, TypeLayout};
use importer_plugin_abi::{AdapterV1Ref, AskV1Ref, EntryRef, FeatureV1Ref, RuleV1Ref, SetRuleV1Ref};

/// Set to write `layouts.txt` anew: after a capability was added, never to make an edit of a shipped one pass.
const WRITE: &str = "IMPORTER_WRITE_LAYOUTS";

const RULE: &str = "a shipped capability is never edited: undo the change, and make a new capability (`…/2`) with types of \
    its own; then write its layout down with IMPORTER_WRITE_LAYOUTS=1 cargo test -p importer-plugin-abi --test layouts";

fn shipped() -> [(&'static str, &'static TypeLayout); 6] {
    [
        ("importer-plugin entry", EntryRef::LAYOUT),
        ("import.adapter/1 and import.adapter.deletions/1", AdapterV1Ref::LAYOUT),
        ("import.adapter.fields/1 and import.adapter.health/1", AskV1Ref::LAYOUT),
        ("import.rule/1", RuleV1Ref::LAYOUT),
        ("import.set-rule/1", SetRuleV1Ref::LAYOUT),
        ("import.feature/1", FeatureV1Ref::LAYOUT),
    ]
}

/// A module and all types that can be reached from it, numbered in the order in which they are first named: types of
/// one generic type have one name.
fn text_of(types: &mut Types, name: &str, module: &'static TypeLayout) -> String {
    let mut next = types.found.len();
    let mut text = format!("## {name}: #{}\n", types.number(module));
    while let Some(&layout) = types.found.get(next) {
        let (full, size, alignment) = (name_of(layout), layout.size(), layout.alignment());
        write!(text, "\n#{next} {full} size {size} align {alignment}").unwrap();
        match layout.data() {
            TLData::Primitive(primitive) => writeln!(text, " primitive {primitive:?}").unwrap(),
            TLData::Opaque => writeln!(text, " opaque").unwrap(),
            TLData::Struct { fields } => types.write(&mut text, "struct", fields),
            TLData::Union { fields } => types.write(&mut text, "union", fields),
            TLData::PrefixType(prefix) => {
                let kind = format!("module, {} in the prefix", prefix.first_suffix_field);
                types.write(&mut text, &kind, prefix.fields);
            }
            TLData::Enum(options) => {
                let variants: Vec<&str> = options.variant_names_iter().collect();
                types.write(&mut text, &format!("enum of {}", variants.join(", ")), options.fields);
            }
        }
        // What stands behind references.
        layout.shared_vars().type_layouts().iter().for_each(|nested| {
            types.number(nested());
        });
        next += 1;
    }
    text
}

fn name_of(layout: &'static TypeLayout) -> String {
    layout.full_type().to_string().trim().to_owned()
}

#[derive(Default)]
struct Types {
    found: Vec<&'static TypeLayout>,
    numbers: HashMap<UTypeId, usize>,
}

impl Types {
    fn number(&mut self, layout: &'static TypeLayout) -> usize {
        *self.numbers.entry(layout.get_utypeid()).or_insert_with(|| {
            self.found.push(layout);
            self.found.len() - 1
        })
    }

    fn write(&mut self, text: &mut String, kind: &str, fields: TLFields) {
        writeln!(text, " {kind}").unwrap();
        for field in fields.iter() {
            let name = field.name();
            if field.function_range().is_empty() {
                writeln!(text, "  {name}: #{} {}", self.number(field.layout()), name_of(field.layout()))
                    .unwrap();
            }
            for function in field.function_range().iter() {
                let taken: Vec<String> = function
                    .param_type_layouts
                    .iter()
                    .map(|taken| format!("#{} {}", self.number(taken()), name_of(taken())))
                    .collect();
                let answer = function.return_type_layout().map_or_else(String::new, |answer| {
                    format!(" -> #{} {}", self.number(answer()), name_of(answer()))
                });
                let kind = if function.fn_qualifs.is_unsafe() { "unsafe fn" } else { "fn" };
                writeln!(text, "  {name}: {kind}({}){answer}", taken.join(", ")).unwrap();
            }
        }
    }
}

fn all() -> String {
    let head = "The layout of every shipped capability on 64-bit platforms, written by tests/layouts.rs.\n\
        A shipped capability is never edited: a change is a new one.\n";
    let mut types = Types::default();
    shipped()
        .iter()
        .fold(head.to_owned(), |text, (name, module)| text + "\n" + &text_of(&mut types, name, module))
}

fn path() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("layouts.txt")
}

#[test]
fn shipped_layouts_stay_as_they_are() {
    let now = all();
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(path(), &now).unwrap();
    }
    let written = std::fs::read_to_string(path()).unwrap();
    let differs = written.lines().zip(now.lines()).find(|(then, now)| then != now);
    if let Some((then, now)) = differs {
        panic!("{RULE}\n  shipped: {then}\n  now:     {now}");
    }
    assert_eq!(written.lines().count(), now.lines().count(), "{RULE}");
}

/// Two states of one type that differ in a single respect must have different texts, else the snapshot guards nothing.
mod edited {
    use super::*;

    macro_rules! state {
        ($module:ident, { $($field:tt)* }) => {
            #[allow(dead_code, reason = "made to be looked at, not to be called")]
            mod $module {
                use abi_stable::StableAbi;
                use abi_stable::std_types::RString;

                #[repr(C)]
                #[derive(StableAbi)]
                pub(super) struct Inner { $($field)* }

                #[repr(C)]
                #[derive(StableAbi)]
                #[sabi(kind(Prefix(prefix_ref = ModuleRef, prefix_fields = ModulePrefix)))]
                pub(super) struct Module {
                    #[sabi(last_prefix_field)]
                    pub(super) call: extern "C" fn(Inner) -> RString,
                }
            }
        };
    }

    state!(shipped, { pub(super) a: u32, pub(super) b: RString });
    state!(same, { pub(super) a: u32, pub(super) b: RString });
    state!(renamed, { pub(super) c: u32, pub(super) b: RString });
    state!(retyped, { pub(super) a: i32, pub(super) b: RString });
    state!(reordered, { pub(super) b: RString, pub(super) a: u32 });
    state!(longer, { pub(super) a: u32, pub(super) b: RString, pub(super) c: u8 });

    #[test]
    fn every_edit_of_a_type_changes_its_text() {
        let text = |module| text_of(&mut Types::default(), "import.example/1", module);
        let shipped = text(shipped::ModuleRef::LAYOUT);
        assert!(shipped.contains("u32\n  b: "), "{shipped}");
        assert_eq!(shipped, text(same::ModuleRef::LAYOUT));
        let edits = [
            renamed::ModuleRef::LAYOUT,
            retyped::ModuleRef::LAYOUT,
            reordered::ModuleRef::LAYOUT,
            longer::ModuleRef::LAYOUT,
        ];
        for edit in edits {
            assert_ne!(shipped, text(edit));
        }
    }
}
