//! What lies in the directories of the made-up sessions: a small program, a plan of the beds, and a
//! git repository around them, where there is a git.

use std::{
    fs, io,
    path::Path,
    process::{Command, Stdio},
};

use image::{ImageFormat, Rgb, RgbImage};

/// Small files, by their paths.
const FILES: [(&str, &str); 4] = [
    ("README.md", "# Garden\n\nSensors, watering and a small web page.\n"),
    ("src/main.rs", "mod sensors;\nmod watering;\n\nfn main() {\n    sensors::read();\n}\n"),
    ("src/sensors.rs", "pub fn read() -> Vec<f32> {\n    vec![31.5, 40.2, 28.9]\n}\n"),
    ("src/watering.rs", "pub fn due(hours: u32) -> bool {\n    hours > 36\n}\n"),
];
/// The plan of the beds, and its width and height in pixels.
const PLAN: (&str, u32, u32) = ("beds.png", 480, 320);
const GRASS: [u8; 3] = [126, 170, 98];
const EARTH: [u8; 3] = [121, 85, 61];
const LEAF: [u8; 3] = [67, 128, 56];

/// Fills an empty directory.
pub(super) fn plant(directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory.join("src"))?;
    for (name, text) in FILES {
        fs::write(directory.join(name), text)?;
    }
    let plan = RgbImage::from_fn(PLAN.1, PLAN.2, |x, y| Rgb(ground(x, y)));
    plan.save_with_format(directory.join(PLAN.0), ImageFormat::Png).map_err(io::Error::other)?;
    // Without git there is no diff to be seen, and all else works.
    let name = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"];
    for arguments in [&["init", "-q"][..], &["add", "."], &["commit", "-q", "-m", "Plant"]] {
        let mut git = Command::new("git");
        git.arg("-C").arg(directory).args(name).args(arguments);
        // Nothing of the person's own settings takes part.
        git.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
        git.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if !git.status().is_ok_and(|status| status.success()) {
            break;
        }
    }
    Ok(())
}

/// Three beds in the grass, with plants in rows.
fn ground(x: u32, y: u32) -> [u8; 3] {
    let (bed, inside) = (x / 160, x % 160);
    if bed > 2 || !(20..140).contains(&inside) || !(30..290).contains(&y) {
        return GRASS;
    }
    let (across, along) = ((inside - 20) % 40, (y - 30) % 26);
    let off = across.abs_diff(20).pow(2) + along.abs_diff(13).pow(2);
    if off < 64 { LEAF } else { EARTH }
}
