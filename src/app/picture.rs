//! A picture as it was sent, made into one that Claude's API takes.
//!
//! Every picture is decoded once, also one that is passed on as it is: a damaged one would make the
//! API refuse each later request of its conversation. What strangers' programs have made is decoded
//! within bounds of memory. Pure, and slow: seconds for a large photo.

use std::io::Cursor;

use image::{
    DynamicImage, ExtendedColorType, GenericImageView, ImageDecoder, ImageEncoder, ImageFormat,
    ImageReader, ImageResult, Limits, Rgb, RgbImage,
    codecs::{jpeg::JpegEncoder, png::PngEncoder},
    guess_format,
    imageops::FilterType,
    metadata::Orientation,
};

use crate::{
    bridge::attachment::Unfit,
    claude::wire::say::{Image, LARGEST_IMAGE, LONGEST_SIDE},
};

/// Most pixels that are decoded: what the cameras of telephones make.
const PIXELS: u64 = 52 << 20;
/// Most bytes that one decoded picture may take.
const MEMORY: u64 = 256 << 20;
/// Quality of a JPEG that we make, of 100: small print can be read.
const QUALITY: u8 = 85;
/// How the containers of HEIC pictures begin, behind their length: what telephones send as a file.
const HEIC: [&[u8]; 4] = [b"ftypheic", b"ftypheix", b"ftypmif1", b"ftyphevc"];

/// What there is to be seen in a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum PictureKind {
    /// A picture that the API takes.
    Picture(Image),
    /// It is no picture at all.
    NoPicture,
    /// It is one that nobody can show to Claude.
    Unfit(Unfit),
}

/// Looks at a file.
pub(super) fn look(bytes: &[u8]) -> PictureKind {
    let (format, media_type) = match guess_format(bytes) {
        Ok(format @ ImageFormat::Jpeg) => (format, "image/jpeg"),
        Ok(format @ ImageFormat::Png) => (format, "image/png"),
        Ok(format @ ImageFormat::Gif) => (format, "image/gif"),
        Ok(format @ ImageFormat::WebP) => (format, "image/webp"),
        Ok(ImageFormat::Tiff | ImageFormat::Avif) => return PictureKind::Unfit(Unfit::Format),
        _ if HEIC
            .iter()
            .any(|brand| bytes.get(4..).is_some_and(|rest| rest.starts_with(brand))) =>
        {
            return PictureKind::Unfit(Unfit::Format);
        }
        // The marks of the others are so short that a text may begin with them.
        _ => return PictureKind::NoPicture,
    };
    let (image, turned) = match decode(bytes, format) {
        Ok(decoded) => decoded,
        Err(unfit) => return PictureKind::Unfit(unfit),
    };
    let fits = image.width().max(image.height()) <= LONGEST_SIDE && bytes.len() <= LARGEST_IMAGE;
    if fits && turned == Orientation::NoTransforms && is_whole(bytes, format) {
        return PictureKind::Picture(Image::new(media_type, bytes));
    }
    scaled(image, turned).map_or(PictureKind::Unfit(Unfit::Damaged), PictureKind::Picture)
}

/// The picture, and how it has to be turned to be upright.
fn decode(bytes: &[u8], format: ImageFormat) -> Result<(DynamicImage, Orientation), Unfit> {
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = Limits::default();
    limits.max_alloc = Some(MEMORY);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|_| Unfit::Damaged)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > PIXELS || decoder.total_bytes() > MEMORY {
        return Err(Unfit::Pixels);
    }
    let turned = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let image = DynamicImage::from_decoder(decoder).map_err(|_| Unfit::Damaged)?;
    Ok((image, turned))
}

/// Whether a file goes to its end: the decoder fills up what is missing of a JPEG, the API may not.
fn is_whole(bytes: &[u8], format: ImageFormat) -> bool {
    format != ImageFormat::Jpeg || memchr::memmem::rfind(bytes, &[0xff, 0xd9]).is_some()
}

/// The picture upright and no larger than the API looks at.
fn scaled(image: DynamicImage, turned: Orientation) -> ImageResult<Image> {
    let side = LONGEST_SIDE;
    let longest = image.width().max(image.height());
    // In two steps: the good filter alone would take several times the memory of the picture.
    let image = if longest > 2 * side { image.thumbnail(2 * side, 2 * side) } else { image };
    let mut image =
        if longest > side { image.resize(side, side, FilterType::CatmullRom) } else { image };
    image.apply_orientation(turned);
    if image.color().has_alpha() {
        let mut bytes = Vec::new();
        let (width, height) = image.dimensions();
        let rgba = image.to_rgba8();
        PngEncoder::new(&mut bytes).write_image(&rgba, width, height, ExtendedColorType::Rgba8)?;
        if bytes.len() <= LARGEST_IMAGE {
            return Ok(Image::new("image/png", &bytes));
        }
    }
    let mut bytes = Vec::new();
    on_white(&image).write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, QUALITY))?;
    Ok(Image::new("image/jpeg", &bytes))
}

/// A JPEG has no transparency.
fn on_white(image: &DynamicImage) -> RgbImage {
    if !image.color().has_alpha() {
        return image.to_rgb8();
    }
    let rgba = image.to_rgba8();
    RgbImage::from_fn(rgba.width(), rgba.height(), |x, y| {
        let [red, green, blue, alpha] = rgba.get_pixel(x, y).0.map(u32::from);
        Rgb([red, green, blue].map(|part| ((part * alpha + 255 * (255 - alpha)) / 255) as u8))
    })
}

#[cfg(test)]
mod tests {
    use base64::{Engine, engine::general_purpose::STANDARD};
    use image::{Rgba, RgbaImage};

    use super::*;

    fn encoded(image: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        image.into().write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    fn grey((width, height): (u32, u32)) -> RgbImage {
        RgbImage::from_pixel(width, height, Rgb([90, 90, 90]))
    }

    /// What Claude gets to see, with its type.
    fn shown(bytes: &[u8]) -> (&'static str, DynamicImage) {
        let PictureKind::Picture(image) = look(bytes) else {
            panic!("no picture: {:?}", look(bytes))
        };
        let bytes = STANDARD.decode(image.base64()).unwrap();
        (image.media_type, image::load_from_memory(&bytes).unwrap())
    }

    #[test]
    fn what_fits_goes_as_it_is() {
        for (format, media_type) in [
            (ImageFormat::Jpeg, "image/jpeg"),
            (ImageFormat::Png, "image/png"),
            (ImageFormat::Gif, "image/gif"),
            (ImageFormat::WebP, "image/webp"),
        ] {
            let bytes = encoded(grey((40, 30)), format);
            assert_eq!(look(&bytes), PictureKind::Picture(Image::new(media_type, &bytes)));
        }
    }

    #[test]
    fn what_is_larger_is_made_smaller() {
        for (sides, expected) in [
            ((1_600, 800), (1_568, 784)),
            ((1_200, 1_600), (1_176, 1_568)),
            ((9_000, 10), (1_568, 2)),
        ] {
            let (media_type, image) = shown(&encoded(grey(sides), ImageFormat::Png));
            assert_eq!((media_type, image.dimensions()), ("image/jpeg", expected));
            assert_eq!(image.to_rgb8().get_pixel(1, 1).0, [90, 90, 90]);
        }
    }

    #[test]
    fn transparency_stays_where_there_is_room_for_it() {
        let clear = RgbaImage::from_pixel(2_000, 10, Rgba([10, 20, 30, 0]));
        let (media_type, image) = shown(&encoded(clear.clone(), ImageFormat::Png));
        assert_eq!((media_type, image.to_rgba8().get_pixel(0, 0).0[3]), ("image/png", 0));
        assert_eq!(on_white(&clear.into()).get_pixel(0, 0).0, [255, 255, 255]);
        let mut state = 1_u32;
        let noise = RgbaImage::from_fn(1_000, 1_000, |_, _| {
            // A stride of a prime: nothing that a PNG could make small.
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            Rgba((state ^ (state >> 15)).to_le_bytes())
        });
        assert_eq!(shown(&encoded(noise, ImageFormat::Png)).0, "image/jpeg");
    }

    #[test]
    fn a_picture_stands_upright() {
        // Red above blue, and a note that the top is at the right: 6 in EXIF.
        let image =
            RgbImage::from_fn(
                40,
                80,
                |_, y| {
                    if y < 40 { Rgb([255, 0, 0]) } else { Rgb([0, 0, 255]) }
                },
            );
        let mut bytes = Vec::new();
        let mut encoder = JpegEncoder::new(&mut bytes);
        let exif = [
            &b"MM\0*\0\0\0\x08\0\x01"[..],
            &[0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0],
        ]
        .concat();
        encoder.set_exif_metadata(exif).unwrap();
        image.write_with_encoder(encoder).unwrap();
        let (_, upright) = shown(&bytes);
        assert_eq!(upright.dimensions(), (80, 40));
        let [red, _, blue] = upright.to_rgb8().get_pixel(70, 20).0;
        assert!(red > 200 && blue < 50, "{red} {blue}");
    }

    /// A PNG that claims these sides, with next to nothing in it.
    fn claim(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = encoded(grey((1, 1)), ImageFormat::Png);
        bytes.splice(16..24, [width.to_be_bytes(), height.to_be_bytes()].concat());
        let crc = bytes[12..29].iter().fold(u32::MAX, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
                if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 }
            })
        });
        bytes.splice(29..33, (!crc).to_be_bytes());
        bytes
    }

    #[test]
    fn hostile_pictures_are_no_trouble() {
        let png = encoded(grey((300, 200)), ImageFormat::Png);
        let broken = |bytes: &[u8]| PictureKind::Unfit(Unfit::Damaged) == look(bytes);
        assert!(broken(&png[..png.len() / 2]) && broken(&png[..20]) && broken(b"\xff\xd8\xff"));
        assert!(broken(b"GIF89a\xff\xff\xff\xff") && broken(b"RIFF\0\0\0\0WEBPVP8 "));
        assert!(broken(&claim(0, 5)) && broken(&claim(300, 200)));
        for sides in [(60_000, 60_000), (u32::MAX >> 1, 1), (8_000, 8_000)] {
            let seen = look(&claim(sides.0, sides.1));
            assert!(matches!(seen, PictureKind::Unfit(_)), "{sides:?}");
        }
        assert_eq!(look(&claim(8_000, 8_000)), PictureKind::Unfit(Unfit::Pixels));
    }

    #[test]
    fn half_a_photo_is_shown_as_one_that_is_whole() {
        let bytes = encoded(grey((300, 200)), ImageFormat::Jpeg);
        match look(&bytes[..bytes.len() - 40]) {
            PictureKind::Picture(image) => {
                let whole = STANDARD.decode(image.base64()).unwrap();
                assert!(whole.ends_with(&[0xff, 0xd9]));
            }
            other => assert_eq!(other, PictureKind::Unfit(Unfit::Damaged)),
        }
    }

    #[test]
    fn other_files_are_no_pictures_and_some_pictures_are_not_seen() {
        for bytes in [&b"BM plain text"[..], b"P1 is a name", b"", b"\0\0\0\x18ftypmp42isom"] {
            assert_eq!(look(bytes), PictureKind::NoPicture);
        }
        for bytes in [&b"\0\0\0\x18ftypheic\0\0\0\0"[..], b"\0\0\0\x18ftypavif", b"II*\0\x08"] {
            assert_eq!(look(bytes), PictureKind::Unfit(Unfit::Format));
        }
    }
}
