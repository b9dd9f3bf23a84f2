use std::io::Write;
use std::path::Path;

/// Writes beside and renames, so that a reader sees the old text or the new one and never half of either: half an
/// allow-list would lock out plugins that were approved, half a quarantine would let in those that are held.
pub(super) fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    // A link to the list stays a link.
    let path = &path.canonicalize().unwrap_or_else(|_| path.into());
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    file.write_all(text.as_bytes())?;
    if let Ok(old) = std::fs::metadata(path) {
        file.as_file().set_permissions(old.permissions())?;
    }
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}
