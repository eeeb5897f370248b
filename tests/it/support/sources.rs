//! The project's own files, for tests that read them.

use std::fs;
use std::path::{Path, PathBuf};

use super::parts::project;

/// Every Rust file of the product: its path from `src/` and its text.
pub fn product() -> Vec<(PathBuf, String)> {
    let root = project().join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    files.sort();
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).expect("a readable file");
        (path.strip_prefix(&root).expect("a path in src").to_owned(), text)
    };
    files.into_iter().map(read).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}
