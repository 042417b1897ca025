//! What tools did, and how dangers are called.

use crate::bridge::danger::Danger;

/// A danger's name for scripts, and in words.
pub(crate) fn danger_name(danger: Danger) -> (&'static str, &'static str) {
    match danger {
        Danger::Deletes => ("deletes", "Deletes files for good"),
        Danger::Discards => ("discards", "Throws changes away"),
        Danger::Rewrites => ("rewrites", "Overwrites what others may have"),
        Danger::Database => ("database", "Deletes from a database"),
        Danger::Disk => ("disk", "Overwrites a disk"),
        Danger::Opens => ("opens", "Changes who may do what with files"),
        Danger::Root => ("root", "Runs as administrator"),
        Danger::Fetched => ("fetched", "Runs what it downloads or decodes"),
        Danger::Stops => ("stops", "Stops processes or the machine"),
        Danger::Infrastructure => ("infrastructure", "Deletes servers or volumes"),
        Danger::Publishes => ("publishes", "Publishes something"),
        Danger::Secrets => ("secrets", "Touches secrets"),
        Danger::Startup => ("startup", "Changes what runs by itself"),
        Danger::Outside => ("outside", "Writes outside of the project"),
    }
}
