//! Which column a field takes.

use std::collections::HashMap;

use super::date_parts::date_parts;
use super::document::{Line, Mapping};
use super::header::{header_key, is_surplus, names, nearest, without_number};
use super::plan::{FieldPlan, MatchedBy, Source};
use super::recipe::Recipe;
use super::refuse::refuse;
use super::value::{self, Context};
use crate::contracts::{Contract, FieldKind};
use crate::{Error, Result};

/// What was chosen for each field, and which columns need no mention any more.
pub(super) struct ColumnChoice {
    pub(super) fields: Vec<FieldPlan>,
    pub(super) used: Vec<bool>,
}

/// Chooses the columns of all fields.
pub(super) fn fields(mapping: &Mapping, contract: &Contract, columns: &[String]) -> Result<ColumnChoice> {
    let keys: Vec<String> = columns.iter().map(|column| header_key(column)).collect();
    let find = |name: &str| {
        let key = header_key(name);
        let same_key = || keys.iter().position(|k| !key.is_empty() && *k == key);
        columns.iter().position(|column| column == name).or_else(same_key)
    };
    let mut choice = ColumnChoice {
        fields: vec![FieldPlan::default(); contract.fields.len()],
        used: vec![false; columns.len()],
    };
    // How the column is read that the names of columns find for a field.
    let mut recipes = vec![Recipe::default(); contract.fields.len()];
    for line in &mapping.lines {
        let Some(place) = contract.index(line.field) else {
            return Err(misfit(mapping, line, format!("the contract has no field `{}`", line.field)));
        };
        let kind = contract.fields[place].kind;
        let field = &mut choice.fields[place];
        field.required |= line.required;
        if let Some(Some(text)) = &line.default {
            field.default = Some(normal_default(mapping, line, kind, text)?);
        }
        let recipe = Recipe::of(line, kind, &mapping.defaults);
        match line.source.as_deref().map(|name| (name, find(name))) {
            Some((_, Some(column))) => {
                field.sources.push(Source { column, recipe, by: MatchedBy::Line });
                choice.used[column] = true;
            }
            Some((name, None)) if line.required || line.default.is_none() => {
                return Err(missing(mapping, line, name, columns));
            }
            Some((_, None)) => {}
            None => recipes[place] = recipe,
        }
    }
    for column in mapping.ignore.iter().filter_map(|name| find(name)) {
        choice.used[column] = true;
    }
    if mapping.match_headers {
        choice.match_headers(contract, columns, &keys, recipes);
    }
    for line in mapping.lines.iter().filter(|line| line.required) {
        let field = contract.index(line.field).map(|place| &choice.fields[place]);
        if field.is_some_and(|field| field.sources.is_empty() && field.default.is_none()) {
            let message = format!("no column of the source is `{}`, which the mapping requires", line.field);
            return Err(misfit(mapping, line, message).hint("name the column as the line's `source`"));
        }
    }
    Ok(choice)
}

impl ColumnChoice {
    /// Gives the columns that are left to the fields whose names they have.
    fn match_headers(
        &mut self,
        contract: &Contract,
        columns: &[String],
        keys: &[String],
        recipes: Vec<Recipe>,
    ) {
        let mut owners: HashMap<String, (usize, u8)> = HashMap::new();
        for (place, field) in contract.fields.iter().enumerate() {
            for (name, rank) in names(field) {
                let owner = owners.entry(header_key(name)).or_insert((place, rank));
                *owner = (*owner).min((owner.0, rank));
            }
        }
        // Per field: how exact a match is (less is exacter), and the column.
        let mut matches = vec![Vec::new(); contract.fields.len()];
        for (column, name) in columns.iter().enumerate() {
            if self.used[column] || is_surplus(name) {
                continue;
            }
            let repeated = || owners.get(&header_key(without_number(name)?)).map(|(place, _)| (*place, 2));
            if let Some((place, rank)) = owners.get(&keys[column]).copied().or_else(repeated) {
                matches[place].push((rank, column));
            }
        }
        for (place, field) in contract.fields.iter().enumerate() {
            let Some([year, month, day]) =
                date_parts(field, columns).filter(|_| field.kind == FieldKind::Date)
            else {
                continue;
            };
            let free = ![year, month, day].iter().any(|column| self.used[*column]);
            // A column with the whole date comes first, unless `birthday` is the day of the birth month.
            let whole = matches[place].iter().any(|(_, column)| *column != day);
            if free && !whole && self.fields[place].sources.is_empty() {
                matches[place].clear();
                self.fields[place].in_parts = true;
                [year, month, day].iter().for_each(|column| self.add(place, *column, Recipe::default()));
            }
        }
        let mut further = Vec::new();
        for (place, recipe) in recipes.into_iter().enumerate() {
            matches[place].sort_unstable();
            let single = !contract.fields[place].kind.is_list();
            let named = !self.fields[place].sources.is_empty();
            for &(_, column) in &matches[place] {
                if single && !self.fields[place].sources.is_empty() {
                    further.push((place, column, named));
                    continue;
                }
                self.add(place, column, recipe.clone());
            }
        }
        for (place, column, named) in further {
            let list = match contract.fields[place].kind {
                FieldKind::Email => contract.index_of_kind(FieldKind::EmailList),
                FieldKind::Phone => contract.index_of_kind(FieldKind::PhoneList),
                _ => None,
            };
            let Some(list) = list else { continue };
            self.add(list, column, Recipe::default());
            // Whoever names the column of a field means that one and no other.
            if !named {
                self.fields[place].spares.push(column);
            }
        }
    }

    fn add(&mut self, place: usize, column: usize, recipe: Recipe) {
        self.fields[place].sources.push(Source { column, recipe, by: MatchedBy::Header });
        self.used[column] = true;
    }
}

fn normal_default(mapping: &Mapping, line: &Line, kind: FieldKind, text: &str) -> Result<String> {
    let mut out = String::new();
    if value::alone(kind, text, &Context::of(&mapping.defaults), &mut out) {
        return Ok(out);
    }
    Err(misfit(mapping, line, format!("the default of `{}` has no normal form", line.field)))
}

fn missing(mapping: &Mapping, line: &Line, name: &str, columns: &[String]) -> Error {
    let hint = match nearest(name, columns.iter().map(String::as_str)) {
        Some(column) => format!("did you mean the column `{column}`?"),
        None if line.required => "correct the line's `source`".into(),
        None => {
            "correct the line's `source`, or give the line a `default` if the column may be missing".into()
        }
    };
    misfit(mapping, line, format!("the source has no column `{name}`")).hint(hint)
}

fn misfit(mapping: &Mapping, line: &Line, message: String) -> Error {
    refuse("map the source", message)
        .at("file", &mapping.file)
        .at("line", line.place.line)
        .at("column", line.place.column)
}

#[cfg(test)]
mod tests {
    use super::super::laws::{automatic, parsed, planned};
    use super::super::{MatchedBy, Plan};
    use crate::contracts::VOLUNTEER;

    /// "column → field" for every decision.
    fn decisions(plan: &Plan) -> Vec<String> {
        let name = |source: Option<String>| source.unwrap_or_else(|| "∅".into());
        plan.describe().into_iter().map(|a| format!("{} → {}", name(a.source), a.field)).collect()
    }

    fn refusal(body: &str, columns: &[&str]) -> String {
        let columns: Vec<String> = columns.iter().map(|c| (*c).into()).collect();
        parsed(body).plan(&VOLUNTEER, &columns).unwrap_err().to_string()
    }

    #[test]
    fn the_exacter_name_wins_then_the_one_on_the_left() {
        let plan =
            automatic(&["given", "FIRST_NAME", "First", "mobile", "cell", "Phone", "Email", "Email (3)"]);
        assert_eq!(
            decisions(&plan),
            [
                "FIRST_NAME → first_name",
                "Email → email_normalized",
                "Phone → phone_e164",
                "Email (3) → alt_emails",
                "mobile → alt_phones",
                "cell → alt_phones"
            ]
        );
        assert_eq!(plan.unmapped(), ["given", "First"]);
    }

    #[test]
    fn lines_come_before_names() {
        let fields = "fields: [{ source: given, field: first_name }, { source: Tel., field: phone_e164 }]\nignore: [Room]";
        let plan = planned(
            fields,
            &["First", "GIVEN ", "Email", "Tel.", "Mobile", "room", "Shirt", "(surplus) (2)"],
        );
        assert_eq!(
            decisions(&plan),
            ["GIVEN  → first_name", "Email → email_normalized", "Tel. → phone_e164", "Mobile → alt_phones"]
        );
        assert_eq!(plan.describe()[0].by, MatchedBy::Line);
        assert_eq!(plan.unmapped(), ["First", "Shirt"]);
    }

    #[test]
    fn names_can_be_left_out_of_it() {
        let fields = "match_headers: false\nfields: [{ source: A, field: full_name }, { source: Email, field: email_normalized }]";
        let plan = planned(fields, &["A", "Email", "Phone"]);
        assert_eq!(plan.unmapped(), ["Phone"]);
    }

    #[test]
    fn a_line_without_a_source_says_how_the_found_column_is_read() {
        let plan = planned(
            "fields: [{ field: dob, format: \"%d.%m.%Y\" }, { field: city, transform: title }]",
            &["Name", "Email", "Town"],
        );
        let town = plan.describe().into_iter().find(|a| a.field == "city").unwrap();
        assert_eq!(
            (town.source.as_deref(), town.transform, town.by),
            (Some("Town"), "title", MatchedBy::Header)
        );
    }

    #[test]
    fn a_missing_column_is_named() {
        let columns = ["Name", "Email", "Telefone"];
        assert_eq!(
            refusal("fields:\n  - { source: Telefon, field: phone_e164 }\n", &columns),
            "cannot map the source: the source has no column `Telefon` (file: test.yaml, line: 5, column: 5); \
             did you mean the column `Telefone`?"
        );
        let optional = "fields: [{ source: Tel, field: phone_e164, default: null }]";
        assert_eq!(planned(optional, &columns).unmapped(), ["Telefone"]);
        let required = "fields: [{ source: Fax, field: phone_e164, default: null, required: true }]";
        assert!(refusal(required, &columns).contains("no column `Fax`"));
        let unnamed = "fields: [{ field: dob, required: true }]";
        assert!(
            refusal(unnamed, &columns)
                .contains("no column of the source is `dob`, which the mapping requires")
        );
    }

    #[test]
    fn unknown_columns_are_no_reason_to_refuse() {
        let many: Vec<String> = (0..500).map(|n| format!("x{n}")).collect();
        let columns: Vec<&str> =
            ["Name", "Email"].into_iter().chain(many.iter().map(String::as_str)).collect();
        assert_eq!(automatic(&columns).unmapped().len(), 500);
        assert_eq!(automatic(&["Name", "Email", "", "***", "名前"]).unmapped(), ["", "***", "名前"]);
    }
}
