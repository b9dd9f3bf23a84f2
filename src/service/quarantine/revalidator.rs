//! Where corrected rows are tried: the columns of their run, its mapping, and the rules as they are now.

use std::collections::HashMap;
use std::sync::Arc;

use importer_core::contracts::{Contract, PiiClass};
use importer_core::mapping::{Mapping, Plan};
use importer_core::pipeline::{Correction, PreviewRow};
use importer_core::plugin::{Batch, Finding, Severity};
use importer_core::ports::{BatchVerdict, QuarantineEntry, Rules, RunRecord};
use importer_core::{Error, ErrorKind, Result};
use importer_dq::CompiledSuite;

use super::OPERATION;
use super::columns::{columns, field_named, object, place};
use crate::Importer;
use crate::service::access::{Columns, class_of};

/// What a run of corrections needs to know about the runs whose rows it corrects.
pub(crate) struct Revalidator {
    pub(crate) contract: &'static Contract,
    pub(crate) system: String,
    pub(crate) mapping: Mapping,
    pub(crate) suite: CompiledSuite,
    /// The columns of the source, those added for fields behind them.
    pub(crate) columns: Vec<String>,
    plan: Plan,
    /// The codes that the suite can give, with what their rules advise; others come from adapters.
    codes: HashMap<String, String>,
    /// How many of the columns the source had; those behind them were added.
    own: usize,
    /// How personal each column is by the fields that are read from it.
    classes: Vec<PiiClass>,
}

/// A row on its way in.
#[derive(Clone, Default)]
pub(crate) struct Draft {
    pub(crate) cells: Vec<Option<String>>,
    /// Where the row stands in its source.
    pub(crate) position: u64,
    pub(crate) correction: Correction,
    /// What the adapter found about the bytes, which no rule can find again.
    pub(crate) carried: Vec<String>,
}

/// What a draft says.
struct ReadDraft {
    /// Its name in its source.
    name: Option<String>,
    /// The values, by the places of the contract's fields.
    values: Vec<Option<String>>,
}

/// What the rules say about a draft.
pub(crate) struct Judged {
    pub(crate) held: bool,
    pub(crate) findings: Vec<Finding>,
    /// For each field of the contract, whether there is a value that could be read.
    pub(crate) readable: Vec<bool>,
}

/// The column of an adapter that keeps surplus cells, and what it says about the row then.
const SURPLUS: (&str, &str) = ("(surplus)", "SRC-002");

impl Revalidator {
    /// For rows of a run; `keys` are the columns and fields that will be written to.
    ///
    /// # Errors
    /// When the importer has another mapping than the run had, or a key is neither a column nor a field.
    pub(crate) fn of(
        importer: &Importer,
        contract: &'static Contract,
        run: &RunRecord,
        keys: &[&str],
        current_mapping: bool,
    ) -> Result<Self> {
        let mapping = importer.mapping(contract)?;
        if mapping.checksum() != run.new.mapping_checksum && !current_mapping {
            return Err(Error::new(
                ErrorKind::Mapping,
                OPERATION,
                "the row was read with another mapping than the one that is given now",
            )
            .at("run", run.id)
            .at("mapping", &run.new.mapping_name)
            .hint("give that mapping, or ask for the current one to be used"));
        }
        Self::with(importer, contract, &run.new.external_system, columns(run), keys, mapping)
    }

    /// For rows that no source brought: a column for every key.
    ///
    /// # Errors
    /// When a key is no field.
    pub(crate) fn by_hand(
        importer: &Importer,
        contract: &'static Contract,
        system: &str,
        keys: &[&str],
    ) -> Result<Self> {
        // Somebody who types a person need not name every field that a source must have.
        let columns = contract.fields.iter().map(|field| field.name.to_owned()).collect();
        let revalidator =
            Self::with(importer, contract, system, columns, keys, Mapping::automatic(contract))?;
        Ok(Self { own: 0, ..revalidator })
    }

    fn with(
        importer: &Importer,
        contract: &'static Contract,
        system: &str,
        mut columns: Vec<String>,
        keys: &[&str],
        mapping: Mapping,
    ) -> Result<Self> {
        let own = columns.len();
        let mut plan = mapping.plan(contract, &columns)?;
        let added: Vec<String> = keys
            .iter()
            .filter(|key| place(contract, &plan, &columns, key).is_none())
            .map(|key| match field_named(contract, key) {
                Some(name) => Ok(name.to_owned()),
                None => {
                    Err(Error::new(ErrorKind::Config, OPERATION, "there is no such column and no such field")
                        .at("field", key)
                        .hint(format!("the columns are: {}", columns.join(", "))))
                }
            })
            .collect::<Result<_>>()?;
        if !added.is_empty() {
            columns.extend(added);
            columns.dedup();
            plan = mapping.plan(contract, &columns)?;
        }
        let suite = importer.compile_suite(&mapping, contract, system)?;
        let rules = suite.catalogue().into_iter().map(|entry| entry.rule);
        let codes = rules.map(|rule| (rule.code.into_owned(), rule.hint.into_owned())).collect();
        let read = plan.describe();
        let class = |column: &String| {
            let fields = read.iter().filter(|read| read.source.as_ref() == Some(column));
            fields.map(|read| class_of(contract, read.field)).max().unwrap_or(PiiClass::Sensitive)
        };
        let classes = columns.iter().map(class).collect();
        Ok(Self { contract, system: system.into(), mapping, suite, columns, plan, codes, own, classes })
    }

    /// How personal a column is: as the most personal field that is read from it, now or by the run that landed the row.
    pub(crate) fn class(&self, landed: &Columns, column: usize) -> PiiClass {
        let now = self.classes.get(column).copied().unwrap_or(PiiClass::Sensitive);
        match self.columns.get(column).filter(|_| column < self.own) {
            Some(name) => now.max(landed.class(name)),
            None => now,
        }
    }

    /// What the rule of this code advises; nothing for codes of adapters.
    pub(crate) fn hint(&self, code: &str) -> &str {
        self.codes.get(code).map_or("", String::as_str)
    }

    /// The column that a key means.
    ///
    /// # Errors
    /// When there is none; asked for before with all keys, there is.
    pub(crate) fn place(&self, key: &str) -> Result<usize> {
        place(self.contract, &self.plan, &self.columns, key).ok_or_else(|| {
            Error::new(ErrorKind::Config, OPERATION, "no column of the source is read into this field")
                .at("field", key)
        })
    }

    /// The columns that are read into a field, the first one first.
    pub(crate) fn columns_of(&self, field: &str) -> Vec<usize> {
        let column = |name: Option<String>| self.columns.iter().position(|c| Some(c) == name.as_ref());
        let read = self.plan.describe();
        read.into_iter().filter(|read| read.field == field).filter_map(|read| column(read.source)).collect()
    }

    /// The column of this name, or the columns of a field, by its name or the header that templates give it.
    pub(crate) fn sought(&self, key: &str) -> Vec<usize> {
        if let Some(column) = self.columns.iter().position(|column| column == key) {
            return vec![column];
        }
        field_named(self.contract, key).map(|field| self.columns_of(field)).unwrap_or_default()
    }

    /// The country of rows that name none.
    pub(crate) fn country(&self) -> &str {
        &self.mapping.defaults().country
    }

    /// The row as it was landed.
    ///
    /// # Errors
    /// When its bytes are not what was written.
    pub(crate) fn draft(&self, entry: &QuarantineEntry, exempt: &[String]) -> Result<Draft> {
        let raw = object(&entry.payload_json)?;
        let cells = self.columns.iter().map(|column| raw.get(column)?.as_str().map(Into::into)).collect();
        let correction = Correction {
            corrects: Some(entry.row),
            external_id: Some(entry.external_id.clone()),
            exempt: exempt.to_vec(),
            set: Vec::new(),
        };
        let carried = entry.rules.iter().filter(|code| !self.codes.contains_key(*code)).cloned().collect();
        Ok(Draft { cells, position: u64::try_from(entry.position).unwrap_or(0), correction, carried })
    }

    /// Writes a cell, and notes which fields somebody set by it. A name that the source gave is the source's to change; one that
    /// was made up stays.
    ///
    /// # Errors
    /// When the row holds more than 4 GiB of text.
    pub(crate) fn set(&self, draft: &mut Draft, column: usize, value: Option<String>) -> Result<()> {
        let before = self.read(draft)?;
        if let Some(cell) = draft.cells.get_mut(column) {
            *cell = value;
        }
        let after = self.read(draft)?;
        for (place, field) in self.contract.fields.iter().enumerate() {
            // A field with several columns may have its value from another one.
            let is_set =
                before.values[place] != after.values[place] || self.columns_of(field.name) == [column];
            if is_set && !draft.correction.set.iter().any(|set| set == field.name) {
                draft.correction.set.push(field.name.into());
            }
        }
        if after.name.is_some() && after.name != before.name {
            draft.correction.external_id = after.name;
        }
        let surplus = self.columns.get(column).is_some_and(|name| name.starts_with(SURPLUS.0));
        if surplus
            && draft.cells.get(column).is_some_and(|cell| cell.as_deref().unwrap_or("").trim().is_empty())
        {
            draft.carried.retain(|code| code != SURPLUS.1);
        }
        Ok(())
    }

    /// What a draft says as it is.
    fn read(&self, draft: &Draft) -> Result<ReadDraft> {
        let raw = self.batch(std::slice::from_ref(draft))?;
        let mut normaliser = self.plan.normaliser();
        let name = normaliser.external_id(raw.row(0)).filter(|id| !id.contains('\0')).map(Into::into);
        let fields = self.contract.fields.len();
        let mut normalised = Batch::new(2 * fields);
        normaliser.row(raw.row(0), &mut normalised).map_err(too_much)?;
        let values = (0..fields).map(|place| normalised.get(0, place).map(Into::into)).collect();
        Ok(ReadDraft { name, values })
    }

    fn batch(&self, drafts: &[Draft]) -> Result<Batch> {
        let mut raw = Batch::new(self.columns.len());
        for draft in drafts {
            raw.push_row(draft.cells.iter().map(Option::as_deref)).map_err(too_much)?;
        }
        Ok(raw)
    }

    /// Drafts as they are and would go in.
    ///
    /// # Errors
    /// When a rule itself failed; never because of a row.
    pub(crate) fn preview_rows(&self, drafts: &[Draft]) -> Result<Vec<PreviewRow>> {
        let (normalised, verdict) = self.verdict(drafts)?;
        let rows = drafts.iter().enumerate().map(|(row, draft)| {
            let withheld = verdict.withheld.iter().filter(|cell| cell.0 == row).map(|cell| cell.1);
            let withheld: Vec<usize> = withheld.collect();
            let Correction { external_id, set, .. } = &draft.correction;
            let name = external_id.as_deref().unwrap_or_default();
            PreviewRow::new(self.contract, &normalised, row, &withheld, name, set)
        });
        Ok(rows.collect())
    }

    /// Drafts as rules see them, and what these say.
    fn verdict(&self, drafts: &[Draft]) -> Result<(Batch, BatchVerdict)> {
        let raw = self.batch(drafts)?;
        let mut normalised = Batch::new(2 * self.contract.fields.len());
        let mut normaliser = self.plan.normaliser();
        for row in 0..drafts.len() {
            normaliser.row(raw.row(row), &mut normalised).map_err(too_much)?;
        }
        let mut verdict = self.suite.judge(&normalised, &[])?;
        for (row, draft) in drafts.iter().enumerate().filter(|(_, draft)| !draft.correction.exempt.is_empty())
        {
            verdict.exempt(row, |code| draft.correction.exempt.iter().any(|exempt| exempt == code));
        }
        Ok((normalised, verdict))
    }

    /// What the rules say about drafts.
    ///
    /// # Errors
    /// When a rule itself failed; never because of a row.
    pub(crate) fn judge(&self, drafts: &[Draft]) -> Result<Vec<Judged>> {
        let (normalised, verdict) = self.verdict(drafts)?;
        let fields = 0..self.contract.fields.len();
        let readable = |row| fields.clone().map(|place| normalised.get(row, place).is_some()).collect();
        let mut judged: Vec<Judged> = (0..drafts.len())
            .map(|row| Judged { held: false, findings: Vec::new(), readable: readable(row) })
            .collect();
        for finding in verdict.findings {
            if let Some(judged) = judged.get_mut(finding.row) {
                judged.findings.push(finding);
            }
        }
        for (draft, judged) in drafts.iter().zip(&mut judged) {
            let carried = draft.carried.iter().filter(|code| !draft.correction.exempt.contains(*code));
            judged.findings.extend(carried.map(|code| Finding {
                row: 0,
                code: code.clone(),
                column: String::new(),
                severity: Severity::Error,
                message: "the source's adapter found it about the row as received; look at all of its cells, then \
                          exempt the row from it"
                    .into(),
            }));
            judged.held = judged.findings.iter().any(|finding| finding.severity == Severity::Error);
        }
        Ok(judged)
    }
}

fn too_much(error: importer_core::plugin::Error) -> Error {
    Error::new(ErrorKind::Config, OPERATION, error.message)
}

/// Shared between the rows' way in and whoever stands behind it.
pub(crate) type SharedRevalidator = Arc<Revalidator>;
