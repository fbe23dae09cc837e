//! Disks that are full, and disks that may only be read.

use std::path::{Path, PathBuf};
use std::process::Command;

use simulate::Format;
use support::lake::Lake;
use support::tools;

use super::{assert_no_panic, assert_same_lakes, assert_whole, generations, is_hidden, night, published, run, shop};
use crate::nights::hashes;

/// A small file system in memory at a folder of the lake, gone when dropped.
struct Disk {
    folder: PathBuf,
}

impl Disk {
    /// `None` where nobody may mount one, which is said.
    fn new(lake: &Lake, name: &str, size: &str) -> Option<Self> {
        let folder = lake.path().join(name);
        std::fs::create_dir_all(&folder).expect("a folder");
        let mounted = mount(&["-t", "tmpfs", "-o", &format!("size={size},mode=0777"), "leftcart-test"], &folder);
        if mounted { Some(Self { folder }) } else { tools::absent("the right to mount a file system (root)") }
    }

    fn read_only(&self) {
        assert!(mount(&["-o", "remount,ro"], &self.folder), "a disk of one's own can be mounted anew");
    }

    /// Bytes that are free, by `df`.
    fn free(&self) -> u64 {
        let output = Command::new("df").args(["--output=avail", "-B1"]).arg(&self.folder).output().expect("df");
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        text.lines().nth(1).and_then(|line| line.trim().parse().ok()).expect("a number")
    }

    /// Leaves so many bytes free and no more.
    fn leave(&self, free: u64) {
        let ballast = self.folder.join("ballast");
        let _ = std::fs::remove_file(&ballast);
        let size = self.free().saturating_sub(free);
        std::fs::write(&ballast, vec![1; usize::try_from(size).expect("a small disk")]).expect("room for ballast");
    }

    fn relieve(&self) {
        std::fs::remove_file(self.folder.join("ballast")).expect("the ballast");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.folder).status();
    }
}

fn mount(args: &[&str], folder: &Path) -> bool {
    let output = Command::new("mount").args(args).arg(folder).output();
    output.is_ok_and(|output| output.status.success())
}

/// Amounts of free space at which a night is tried.
const STEPS: u64 = 24;

#[test]
fn carts_of_the_last_night_stand_when_the_disk_is_full_and_the_next_run_with_room_goes_on() {
    let (lake, files) = shop(6, Format::NativeCsv);
    for part in [&files[..4], &files[4..]] {
        night(&lake, "undisturbed", part);
    }
    let Some(disk) = Disk::new(&lake, "disk", "96m") else { return };
    let (data, reports) = ("disk/data", "disk/reports");
    let folder = lake.path().join(data);
    assert_eq!(lake.run(&run(data, reports, &files[..4])).code, 0);
    let (before, hashes_before) = (published(&folder).expect("a night"), hashes(&lake, data));
    // What the night needs at most at any moment is at least what is left of it.
    let ample = disk.free();
    assert_eq!(lake.run(&run("disk/once", "disk/pages", &files)).code, 0);
    let needs = 2 * (ample - disk.free());
    for folder in ["disk/once", "disk/pages"] {
        std::fs::remove_dir_all(lake.path().join(folder)).expect("a folder of the test's own");
    }
    let (mut refused, mut unreported, mut done) = (0, 0, 0);
    for step in 0..=STEPS {
        let what = format!("{} bytes free", needs * step / STEPS);
        disk.leave(needs * step / STEPS);
        let free = disk.free();
        let said = lake.run(&run(data, reports, &files[4..]));
        assert_no_panic(&what, &said);
        let now = published(&folder).expect("a night is published all the time");
        if now == before {
            assert_eq!(said.code, 1, "{what}: {}", said.stderr);
            assert!(said.stderr.contains("No space left on device"), "{what}: {}", said.stderr);
            assert!(said.stderr.contains(data), "{what}: which file: {}", said.stderr);
            assert_eq!(hashes(&lake, data), hashes_before, "{what}");
            assert!(disk.free() >= free.saturating_sub(8_192), "{what}: a run that failed leaves nothing");
            refused += 1;
        } else {
            assert_whole(&what, &now);
            assert_same_lakes(&what, &lake, data, "undisturbed");
            if said.code == 0 {
                done += 1;
            } else {
                assert!(said.stderr.contains("run `leftcart report`"), "{what}: {}", said.stderr);
                assert!(said.stderr.contains("No space left on device"), "{what}: {}", said.stderr);
                unreported += 1;
            }
        }
        disk.relieve();
        if now != before {
            let again = lake.run(&["report", "--quiet", "--data", data, "--reports", reports]);
            assert_eq!(again.code, 0, "{what}: {}", again.stderr);
            let link = folder.join("current");
            std::fs::remove_file(&link).expect("a link");
            std::os::unix::fs::symlink(&before, &link).expect("a link");
            std::fs::remove_dir_all(now).expect("a generation can be removed");
        }
    }
    assert!(refused > 2 && done > 0, "{refused} refused, {done} done");
    assert_eq!(lake.run(&run(data, reports, &files[4..])).code, 0);
    let rows = assert_same_lakes("with room again", &lake, data, "undisturbed");
    assert_eq!(generations(&folder).iter().filter(|path| is_hidden(path)).count(), 0);
    tools::say(&format!(
        "{} sizes of a full disk up to {needs} bytes: {refused} nights refused, {unreported} published without their report, \
         {done} done; {rows} rows as undisturbed",
        STEPS + 1
    ));
}

#[test]
fn carts_can_be_looked_at_where_nothing_may_be_written_and_a_run_says_what_it_lacks() {
    let (lake, files) = shop(4, Format::NativeCsv);
    for part in [&files[..2], &files[2..]] {
        night(&lake, "undisturbed", part);
    }
    let Some(disk) = Disk::new(&lake, "disk", "64m") else { return };
    let (data, reports) = ("disk/data", "disk/reports");
    assert_eq!(lake.run(&run(data, reports, &files[..2])).code, 0);
    let hashes_before = hashes(&lake, data);
    let person = lake.json(&["describe", "--data", data]);
    assert!(person["tables"].is_array());
    disk.read_only();
    for args in [&run(data, reports, &files[2..])[..], &["analyze", "--quiet", "--data", data]] {
        let said = lake.run(args);
        assert_eq!(said.code, 1, "{}", said.stderr);
        assert!(said.stderr.contains("Read-only file system") && said.stderr.contains(data), "{}", said.stderr);
    }
    assert_eq!(hashes(&lake, data), hashes_before);
    for args in [&["describe", "--data", data][..], &["report", "--data", data, "--reports", "pages"]] {
        let said = lake.run(&[args, &["--quiet"]].concat());
        assert_eq!((said.code, said.stderr.as_str()), (0, ""), "{args:?}");
    }
    let said = lake.run(&["report", "--quiet", "--data", data, "--reports", reports]);
    assert_eq!(said.code, 1);
    assert!(said.stderr.contains("Read-only file system") && said.stderr.contains(reports), "{}", said.stderr);
    // A folder of reports that may not be written to costs the report, not the night.
    let said = lake.run(&run("elsewhere", reports, &files[..2]));
    assert_eq!(said.code, 1);
    assert!(said.stderr.contains("run `leftcart report`"), "{}", said.stderr);
    night(&lake, "elsewhere", &files[2..]);
    assert_same_lakes("a night without a report counts", &lake, "elsewhere", "undisturbed");
}
