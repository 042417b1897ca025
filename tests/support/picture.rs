//! A picture, made here: no test needs a file for it.

use std::io::Cursor;

use image::{GrayImage, ImageFormat, Luma};

/// A grey PNG of this width and height.
pub(crate) fn png((width, height): (u32, u32)) -> Vec<u8> {
    let mut png = Cursor::new(Vec::new());
    let grey = GrayImage::from_pixel(width, height, Luma([128]));
    grey.write_to(&mut png, ImageFormat::Png).unwrap();
    png.into_inner()
}
