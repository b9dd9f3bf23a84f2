use serde::Serialize;

use super::choose;
use super::defaults::Defaults;
use super::document::Mapping;
use super::header::{is_surplus, nearest_field};
use super::places::Places;
use super::recipe::Recipe;
use super::refuse::refuse;
use crate::Result;
use crate::contracts::Contract;

/// A mapping applied to the columns of one source: where each field of the contract comes from.
///
/// ```
/// use importer_core::contracts::VOLUNTEER;
/// use importer_core::mapping::Mapping;
/// let columns = ["First", "Last", "Email", "Work E-Mail", "Shirt"].map(String::from);
/// let plan = Mapping::automatic(&VOLUNTEER).plan(&VOLUNTEER, &columns)?;
/// let chosen: Vec<_> = plan.describe().iter().map(|a| (a.source.clone().unwrap(), a.field)).collect();
/// assert_eq!(chosen[2], ("Email".into(), "email_normalized"));
/// assert_eq!(chosen[3], ("Work E-Mail".into(), "alt_emails"), "the exacter name is the primary one");
/// assert_eq!(plan.unmapped(), ["Shirt"]);
/// # Ok::<(), importer_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Plan {
    pub(super) contract: Contract,
    pub(super) defaults: Defaults,
    /// In the order of the contract.
    pub(super) fields: Vec<FieldPlan>,
    pub(super) places: Places,
    columns: Vec<String>,
    unmapped: Vec<String>,
}

/// Where one field comes from.
#[derive(Debug, Clone, Default)]
pub(super) struct FieldPlan {
    /// The columns; a list takes all of them.
    pub(super) sources: Vec<Source>,
    /// Columns that stand in, in this order, when the first one is blank; their other values go to the field's list.
    pub(super) spares: Vec<usize>,
    /// The columns are year, month and day of one date.
    pub(super) in_parts: bool,
    /// What fills a blank, in its normal form.
    pub(super) default: Option<String>,
    pub(super) required: bool,
}

/// A column and how its cells are read.
#[derive(Debug, Clone)]
pub(super) struct Source {
    pub(super) column: usize,
    pub(super) recipe: Recipe,
    pub(super) by: MatchedBy,
}

/// Why a column and a field belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MatchedBy {
    /// A line of the mapping names the column.
    Line,
    /// The column has a name of the field.
    Header,
    /// No column: the mapping's default is the value of every row.
    Default,
}

/// One decision of a [`Plan`], for summaries and mapping screens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Assignment {
    /// The column, unless the field has a default alone.
    pub source: Option<String>,
    /// The field.
    pub field: &'static str,
    /// What happens before the field's own normalisation.
    pub transform: &'static str,
    /// Why.
    pub by: MatchedBy,
    /// True when the mapping says that the source must have the column.
    pub required: bool,
}

/// A field that an unmapped column was probably meant for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Suggestion {
    /// The column.
    pub column: String,
    /// The field.
    pub field: &'static str,
    /// The line that would map it in a mapping document.
    pub line: String,
}

impl Mapping {
    /// Decides where each field comes from: the lines of the document first, then the names of the columns.
    ///
    /// Unknown columns are never a reason to refuse a source; they are listed in [`Plan::unmapped`]. Where two columns have
    /// names of one field, the exacter name wins, then the column further left; other email and phone columns become
    /// further contacts and stand in where the first is blank.
    ///
    /// # Errors
    /// When the mapping is for another entity, a column that it names is missing, or the source has no column for fields
    /// without which every row would be quarantined.
    pub fn plan(&self, contract: &Contract, columns: &[String]) -> Result<Plan> {
        if self.entity != contract.entity {
            let message =
                format!("the mapping is for the entity `{}`, not for `{}`", self.entity, contract.entity);
            return Err(refuse("plan the mapping", message).at("mapping", &self.name).at("file", &self.file));
        }
        let choice = choose::fields(self, contract, columns)?;
        let unmapped = columns
            .iter()
            .zip(&choice.used)
            .filter(|(column, used)| !**used && !is_surplus(column))
            .map(|(column, _)| column.clone())
            .collect();
        let plan = Plan {
            contract: *contract,
            defaults: self.defaults.clone(),
            places: Places::of(contract),
            fields: choice.fields,
            columns: columns.to_vec(),
            unmapped,
        };
        plan.check_needed()?;
        Ok(plan)
    }
}

impl Plan {
    /// The contract whose rows it makes.
    pub fn contract(&self) -> &Contract {
        &self.contract
    }

    /// The columns of the source, as they were given.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The columns that no field takes and the mapping does not ignore.
    pub fn unmapped(&self) -> &[String] {
        &self.unmapped
    }

    /// Every decision, in the order of the contract.
    pub fn describe(&self) -> Vec<Assignment> {
        let mut assignments = Vec::new();
        for (field, plan) in self.contract.fields.iter().zip(&self.fields) {
            let assignment = |source, by, transform| Assignment {
                source,
                field: field.name,
                transform,
                by,
                required: plan.required,
            };
            for source in &plan.sources {
                let column = self.columns.get(source.column).cloned();
                assignments.push(assignment(column, source.by, source.recipe.transform.name()));
            }
            if plan.sources.is_empty() && plan.default.is_some() {
                assignments.push(assignment(None, MatchedBy::Default, "auto"));
            }
        }
        assignments
    }

    /// Fields without a column that an unmapped column was probably meant for.
    ///
    /// ```
    /// use importer_core::contracts::VOLUNTEER;
    /// use importer_core::mapping::Mapping;
    /// let columns = ["Name", "Phone", "Emial"].map(String::from);
    /// let plan = Mapping::automatic(&VOLUNTEER).plan(&VOLUNTEER, &columns)?;
    /// assert_eq!(plan.suggestions()[0].line, r#"- { source: "Emial", field: email_normalized }"#);
    /// # Ok::<(), importer_core::Error>(())
    /// ```
    pub fn suggestions(&self) -> Vec<Suggestion> {
        let free = |name: &str| self.contract.index(name).is_some_and(|i| self.fields[i].sources.is_empty());
        let suggest = |column: &String| {
            let field = nearest_field(column, self.contract.fields).filter(|f| free(f.name))?;
            Some(Suggestion { column: column.clone(), field: field.name, line: line(column, field.name) })
        };
        self.unmapped.iter().filter_map(suggest).collect()
    }
}

/// The line of a mapping document that maps a column.
pub(super) fn line(column: &str, field: &str) -> String {
    // A string of JSON is a string of YAML, whatever the header holds.
    format!("- {{ source: {}, field: {field} }}", serde_json::Value::from(column))
}
