//! What holds for every text that is stored as the image of a record, or of an entry of the id map.

use importer_core::contracts::VOLUNTEER;
use importer_core::ports::{MapImage, RecordImage};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Bytes of any kind as an image: it is one or an error. An image is the same once it was written and read again, and what
/// the contract knows of it comes back from the record.
pub(crate) fn property(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    comes_back::<MapImage>(text);
    let Some(image) = comes_back::<RecordImage>(text) else { return };
    let person = image.record(&VOLUNTEER);
    let taken = RecordImage::of(&VOLUNTEER, &person);
    assert_eq!((taken.id, &taken.origin), (image.id, &image.origin), "whose image it is");
    assert_eq!(taken.field_origins, image.field_origins, "where values come from");
    for (field, value) in &image.values {
        let column = VOLUNTEER.field(field).is_some_and(|field| field.kind.is_column());
        assert_eq!(taken.values.get(field), column.then_some(value), "the value of a field");
    }
    assert!(taken.values.keys().all(|field| image.values.contains_key(field)), "a value from nowhere");
    assert_eq!(taken.contacts.len(), image.contacts.len(), "contacts");
    for (taken, image) in taken.contacts.iter().zip(&image.contacts) {
        // A kind that is not known is a number to call; a known one stays.
        assert!(taken.kind == image.kind || !["email", "phone"].contains(&image.kind.as_str()), "a kind");
        assert_eq!((&taken.value, &taken.original), (&image.value, &image.original), "a contact");
        assert_eq!((&taken.extension, &taken.source), (&image.extension, &image.source), "a contact");
        assert_eq!(taken.primary, image.primary, "the one to use");
    }
    assert!(RecordImage::of(&VOLUNTEER, &taken.record(&VOLUNTEER)) == taken, "an image of an image");
}

/// The image that a text is, after it was written and read once more.
fn comes_back<I: Serialize + DeserializeOwned + PartialEq>(text: &str) -> Option<I> {
    let image: I = serde_json::from_str(text).ok()?;
    let written = serde_json::to_string(&image).expect("an image can be written");
    let again: I = serde_json::from_str(&written).expect("what was written is an image");
    assert!(again == image, "it is another image once it was written");
    assert_eq!(serde_json::to_string(&again).expect("an image can be written"), written, "and another text");
    Some(image)
}
