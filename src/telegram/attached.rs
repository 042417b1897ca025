//! What a person's message carries besides text: files, and what can be said in words.
//!
//! Reads the fields of a raw message that name a file. Of a photo, which Telegram keeps in several
//! sizes, it takes the smallest that shows Claude all that it can see.

use serde_json::Value;

use crate::{
    bridge::attachment::{Attached, Kind},
    claude::wire::say::LONGEST_SIDE,
};

/// The fields that carry a file, in the order in which they are looked for: an animation comes with
/// a `document` twin.
const FIELDS: [(&str, Kind); 6] = [
    ("animation", Kind::Document),
    ("document", Kind::Document),
    ("video", Kind::Document),
    ("video_note", Kind::Document),
    ("voice", Kind::Sound),
    ("audio", Kind::Sound),
];

/// The file of a raw message.
pub fn read(message: &Value) -> Option<Attached> {
    if let Some(sizes) = message.get("photo").and_then(Value::as_array) {
        return file(best(sizes)?, Kind::Photo);
    }
    FIELDS.iter().find_map(|(name, kind)| file(message.get(name)?, *kind))
}

fn file(raw: &Value, kind: Kind) -> Option<Attached> {
    let text = |name: &str| raw.get(name).and_then(Value::as_str).map(str::to_owned);
    Some(Attached {
        kind,
        id: text("file_id")?,
        name: text("file_name"),
        size: raw.get("file_size").and_then(Value::as_u64),
    })
}

/// The smallest size with every pixel that Claude sees, or else the largest.
fn best(sizes: &[Value]) -> Option<&Value> {
    let number = |size: &Value, name: &str| size.get(name).and_then(Value::as_u64).unwrap_or(0);
    let area = |size: &&Value| number(size, "width") * number(size, "height");
    let shows_all = |size: &&Value| {
        number(size, "width").max(number(size, "height")) >= u64::from(LONGEST_SIDE)
    };
    sizes.iter().filter(shows_all).min_by_key(area).or_else(|| sizes.iter().max_by_key(area))
}

/// What a message says without text: a place on earth, a contact. One line.
pub fn in_words(message: &Value) -> Option<String> {
    let text = |path: &str| message.pointer(path).and_then(Value::as_str);
    if let (Some(latitude), Some(longitude)) = (
        message.pointer("/location/latitude").and_then(Value::as_f64),
        message.pointer("/location/longitude").and_then(Value::as_f64),
    ) {
        let place = [text("/venue/title"), text("/venue/address")];
        let named: Vec<_> = place.into_iter().flatten().collect();
        let named =
            if named.is_empty() { String::new() } else { format!("{}: ", named.join(", ")) };
        return Some(format!("Location: {named}{latitude}, {longitude} (latitude, longitude)"));
    }
    let name = text("/contact/first_name")?;
    let last = text("/contact/last_name").map_or_else(String::new, |last| format!(" {last}"));
    Some(format!("Contact: {name}{last}, {}", text("/contact/phone_number")?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_photo_is_taken_in_the_smallest_size_that_shows_all() {
        let size = |id: &str, side: u64| json!({"file_id": id, "width": side / 2, "height": side});
        let check = |sizes: &[Value], id: &str| {
            let read = read(&json!({"photo": sizes})).unwrap();
            assert_eq!((read.kind, &*read.id), (Kind::Photo, id));
        };
        let [small, large, huge] = [size("s", 90), size("l", 1_280), size("h", 2_560)];
        check(&[small.clone(), large.clone(), huge.clone()], "h");
        check(&[huge.clone(), size("larger", 5_000)], "h");
        check(&[small, large], "l");
        assert_eq!(read(&json!({"photo": []})), None);
    }

    #[test]
    fn other_files_are_read_by_their_field() {
        let file = json!({"file_id": "f", "file_name": "a.pdf", "mime_type": "application/pdf"});
        for (field, kind) in [("document", Kind::Document), ("voice", Kind::Sound)] {
            let read = read(&json!({field: file})).unwrap();
            assert_eq!((read.kind, read.label(), read.size), (kind, "a.pdf", None));
        }
        assert_eq!(read(&json!({"sticker": file})), None);
        assert_eq!(read(&json!({"document": {"file_name": "x"}})), None);
    }

    #[test]
    fn places_and_contacts_are_said_in_words() {
        let location = json!({"latitude": 52.5, "longitude": 13.25});
        for (message, words) in [
            (json!({"location": location}), "Location: 52.5, 13.25 (latitude, longitude)"),
            (
                json!({"location": location, "venue": {"title": "Zoo", "address": "Main St"}}),
                "Location: Zoo, Main St: 52.5, 13.25 (latitude, longitude)",
            ),
            (json!({"contact": {"first_name": "Ada", "phone_number": "+44"}}), "Contact: Ada, +44"),
        ] {
            assert_eq!(in_words(&message).as_deref(), Some(words));
        }
        assert_eq!(in_words(&json!({"text": "x"})), None);
    }
}
