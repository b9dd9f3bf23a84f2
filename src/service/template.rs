//! Files to start from: an empty template, a sample, and a mapping document for an entity.

use importer_core::Result;

use super::runs::shipped_contract;

/// Returns the header of a file that needs no mapping.
///
/// ```
/// let template = importer::service::template::csv("volunteer")?;
/// assert!(template.starts_with("external_id,first_name,"));
/// # Ok::<(), importer::Error>(())
/// ```
///
/// # Errors
/// When there is no such entity.
pub fn csv(entity: &str) -> Result<String> {
    Ok(headers(entity)?.join(",") + "\n")
}

/// Returns the header of a file that needs no mapping, and one row of examples.
///
/// ```
/// let sample = importer::service::template::sample_csv("volunteer")?;
/// assert_eq!(sample.lines().count(), 2);
/// # Ok::<(), importer::Error>(())
/// ```
///
/// # Errors
/// When there is no such entity.
pub fn sample_csv(entity: &str) -> Result<String> {
    let fields = shipped_contract(entity)?.fields.iter().filter(|f| in_template(f));
    let quoted = |text: &str| {
        if text.contains([',', '"', '\n']) {
            format!("\"{}\"", text.replace('"', "\"\""))
        } else {
            text.to_owned()
        }
    };
    let row: Vec<String> = fields.map(|f| quoted(f.example)).collect();
    Ok(csv(entity)? + &row.join(",") + "\n")
}

/// Returns a mapping document that names every field, to be filled in.
///
/// ```
/// use importer::mapping::Mapping;
/// use importer::service::template;
///
/// let mapping = Mapping::parse(&template::mapping_yaml("volunteer")?, "mapping.yaml")?;
/// assert_eq!(mapping.entity(), "volunteer");
/// # Ok::<(), importer::Error>(())
/// ```
///
/// # Errors
/// When there is no such entity.
pub fn mapping_yaml(entity: &str) -> Result<String> {
    let contract = shipped_contract(entity)?;
    let mut out = format!(
        "# From the columns of a source to the fields of `{entity}`. Delete the lines you do not need.\n\
         mapping: my-{entity}s\nversion: 1\nentity: {entity}\ncontract: \"{}\"\n\
         defaults: {{ country: US }}\n\
         # dates are read as YYYY-MM-DD; others need date_format: \"%m/%d/%Y\" (month first) or \"%d.%m.%Y\" (day first)\n\
         # further defaults: timestamp_format, timezone, strip_email_tags (true or false), full_export (false: who is not\n\
         # in the source has not gone), role_addresses_identify (true: people sign with info@), and how far rows are\n\
         # merged with known people without anybody looking, auto_merge: off, deterministic or full\nfields:\n",
        contract.version
    );
    for field in contract.fields.iter().filter(|field| in_template(field)) {
        out.push_str(&format!(
            "  - {{ source: \"{}\", field: {} }}  # {}\n",
            field.header, field.name, field.doc
        ));
    }
    out.push_str("match_headers: true  # columns that are not listed are matched by their names\n");
    Ok(out)
}

fn headers(entity: &str) -> Result<Vec<&'static str>> {
    Ok(shipped_contract(entity)?.fields.iter().filter(|f| in_template(f)).map(|f| f.header).collect())
}

fn in_template(field: &importer_core::contracts::Field) -> bool {
    use importer_core::contracts::FieldKind as K;
    // What is derived from another column needs none of its own.
    !matches!(field.kind, K::FullName | K::PhoneExtension)
}
