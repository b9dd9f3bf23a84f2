use importer_plugin::{Batch, Error, Row};

use super::plan::Plan;
use super::row::{RowValues, Scratch};
use super::value::Context;
use crate::contracts::{Contract, FieldKind};

/// The columns of normalised rows: every field of the contract, then every field's original.
///
/// ```
/// use importer_core::contracts::VOLUNTEER;
/// let columns = importer_core::mapping::batch_columns(&VOLUNTEER);
/// let n = VOLUNTEER.fields.len();
/// assert_eq!(columns.len(), 2 * n);
/// assert_eq!((columns[1].as_str(), columns[n + 1].as_str()), ("first_name", "first_name.original"));
/// ```
pub fn batch_columns(contract: &Contract) -> Vec<String> {
    let values = contract.fields.iter().map(|field| field.name.to_owned());
    let originals = contract.fields.iter().map(|field| format!("{}.original", field.name));
    values.chain(originals).collect()
}

/// Makes normalised rows out of the rows of a source; made by [`Plan::normaliser`], one per thread.
///
/// A row has `2·n` cells for a contract of `n` fields. The first `n` are the values in their normal form; a value is
/// missing when its cell is blank or has no normal form. The other `n` are the originals, untouched; an original is missing
/// when the source has no such column or the cell is blank. So an original without a value is one that could not be read,
/// and a value without an original comes from a default of the mapping.
///
/// - The country comes first: a row's own country decides how its state and its postal code are read, and the default country
///   takes its place where the row has none or an unknown one. Local phone numbers are the default country's always.
/// - A whole name fills those of its parts that are blank; the original of such a part is the whole name.
/// - A generation behind a name, as in `Behr Jr.`, is cut off, and fills a blank suffix; its original is the name's.
/// - An extension behind the phone number fills a blank extension; its original is the phone number's.
/// - Lists hold one value per line, none twice and none that is the primary one; what has no normal form stays in the
///   original alone. When several columns feed a list, its original holds their cells, one per line. So does that of a date
///   whose year, month and day stand in columns of their own. Where the whole list
///   repeats the primary value, there is an original and no value.
pub struct Normaliser<'p> {
    plan: &'p Plan,
    /// Per field, the column whose cell counts for this row.
    picked: Vec<Option<usize>>,
    scratch: Scratch,
    prepared: String,
}

impl Plan {
    /// What turns rows of the source into normalised rows.
    ///
    /// ```
    /// use importer_core::contracts::VOLUNTEER;
    /// use importer_core::mapping::{Mapping, batch_columns};
    /// use importer_plugin::Batch;
    /// let plan = Mapping::automatic(&VOLUNTEER).plan(&VOLUNTEER, &["Name", "Phone"].map(String::from))?;
    /// let mut raw = Batch::new(2);
    /// raw.push_row([Some("CRUZ, ANA"), Some("(816) 234-5678")])?;
    /// let mut clean = Batch::new(batch_columns(&VOLUNTEER).len());
    /// plan.normaliser().row(raw.row(0), &mut clean)?;
    /// let cell = |column| clean.get(0, batch_columns(&VOLUNTEER).iter().position(|c| c == column).unwrap());
    /// assert_eq!((cell("first_name"), cell("first_name.original")), (Some("Ana"), Some("CRUZ, ANA")));
    /// assert_eq!(cell("phone_e164"), Some("+18162345678"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn normaliser(&self) -> Normaliser<'_> {
        let picked = vec![None; self.fields.len()];
        Normaliser { plan: self, picked, scratch: Scratch::default(), prepared: String::new() }
    }
}

impl Normaliser<'_> {
    /// Appends the normalised row; never fails because of what a row holds.
    ///
    /// # Errors
    /// When `out` has another width, or would hold more than 4 GiB of text.
    pub fn row(&mut self, raw: Row<'_>, out: &mut Batch) -> Result<(), Error> {
        let Self { plan, picked, scratch, prepared } = self;
        let fields = plan.contract.fields;
        if out.columns() != 2 * fields.len() {
            return Err(Error::bug(format!(
                "a normalised row has {} cells, and the batch {} columns",
                2 * fields.len(),
                out.columns()
            )));
        }
        for (picked, field) in picked.iter_mut().zip(&plan.fields) {
            *picked = field.pick(raw);
        }
        let known = RowValues::of(plan, picked, raw, scratch, prepared);
        for (place, field) in fields.iter().enumerate() {
            out.push_with(|text| known.value(place, field.kind, prepared, text))?;
        }
        for (place, field) in fields.iter().enumerate() {
            if field.kind.is_list() || plan.fields[place].in_parts {
                out.push_with(|text| known.list_original(place, field.kind, text))?;
            } else {
                out.push(known.original(place))?;
            }
        }
        Ok(())
    }
}

impl Normaliser<'_> {
    /// The name of a row in its source: the value of the contract's identifier field; `None` when the source has none.
    ///
    /// Whether a row was seen before is asked by its name, before it is worth normalising.
    pub fn external_id(&mut self, raw: Row<'_>) -> Option<&str> {
        let Self { plan, scratch, prepared, .. } = self;
        let place = plan.contract.index_of_kind(FieldKind::Identifier)?;
        let field = &plan.fields[place];
        let column = field.pick(raw)?;
        let context = Context::of(&plan.defaults);
        let out = scratch.identifier();
        let reads = field.push(FieldKind::Identifier, column, raw, &context, prepared, out);
        (reads && !out.is_empty()).then_some(out.as_str())
    }
}

impl std::fmt::Debug for Normaliser<'_> {
    // What is left of the last row is personal data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Normaliser").field("plan", &self.plan).finish_non_exhaustive()
    }
}
