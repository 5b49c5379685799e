//! The last words of a container, which `kubectl describe pod` shows.

use std::io;
use std::path::Path;

use super::Report;

/// The kubelet keeps no more of it.
const LIMIT: usize = 4096;

/// Writes the summary and the errors where the kubelet looks for them: only to a file that is there
/// already, for only in a pod the kubelet made it.
pub fn write_termination_message(report: &Report, file: &Path) -> io::Result<()> {
    if !file.exists() {
        return Ok(());
    }
    let mut text = report.summary.to_string();
    text.extend(report.errors.iter().map(|error| format!("\nerror: {error}")));
    text.truncate(text.floor_char_boundary(LIMIT));
    std::fs::write(file, text)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn fits_and_needs_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("termination-log");
        let mut report = Report::interrupted(false, Duration::from_secs(1));
        let error = report.errors[0].clone();
        report.errors = (0..100).map(|_| error.clone()).collect();
        write_termination_message(&report, &file).unwrap();
        assert!(!file.exists());
        std::fs::write(&file, "").unwrap();
        write_termination_message(&report, &file).unwrap();
        let text = std::fs::read_to_string(&file).unwrap();
        assert_eq!(text.len(), LIMIT);
        assert!(text.contains("\nerror: Pass this: was ended"), "{text}");
    }
}
