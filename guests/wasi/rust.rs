// Rust's standard library on top of preview 1. A claim that does not hold panics, and says where.
use std::collections::HashMap;
use std::env;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, ErrorKind, Read, Seek, SeekFrom, Write};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

fn main() -> io::Result<()> {
    assert_eq!(env::args().skip(1).collect::<Vec<_>>(), ["one", "zw\u{f6}lf"]);
    assert_eq!(env::var("LEVEL").as_deref(), Ok("3"));
    assert_eq!(env::vars().count(), 1);

    let mut input = String::new();
    io::stdin().lock().read_line(&mut input)?;
    assert_eq!(input, "a line\n");

    assert_eq!(fs::read_to_string("/file.txt")?, "a file\n");
    fs::create_dir_all("/new/deep/er")?;
    fs::write("/new/deep/f", "0123456789")?;
    let mut file = OpenOptions::new().read(true).write(true).open("/new/deep/f")?;
    file.seek(SeekFrom::End(-3))?;
    file.write_all(b"xyz!")?;
    file.set_len(9)?;
    file.rewind()?;
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    assert_eq!(text, "0123456xy");
    file.sync_all()?;
    drop(file);
    OpenOptions::new().append(true).open("/new/deep/f")?.write_all(b"+")?;
    assert_eq!(fs::metadata("/new/deep/f")?.len(), 10);
    assert!(fs::metadata("/new")?.is_dir());

    fs::rename("/new/deep/f", "/new/g")?;
    fs::hard_link("/new/g", "/new/h")?;
    assert_eq!(fs::copy("/new/g", "/new/i")?, 10);
    let mut names: Vec<_> = fs::read_dir("/new")?.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, ["deep", "g", "h", "i"]);
    fs::remove_file("/new/h")?;
    fs::remove_dir_all("/new")?;

    let kind = |result: io::Result<File>| result.err().map(|error| error.kind());
    assert_eq!(kind(File::open("/new")), Some(ErrorKind::NotFound));
    assert_eq!(kind(OpenOptions::new().write(true).create_new(true).open("/file.txt")), Some(ErrorKind::AlreadyExists));
    assert!(File::open("/../outside").is_err() && File::open("../../outside").is_err());
    assert!(fs::remove_dir("/folder").is_err());

    let (before, wall) = (Instant::now(), SystemTime::now());
    sleep(Duration::from_millis(5));
    assert!(before.elapsed() >= Duration::from_millis(4) && wall.elapsed().is_ok());
    let random: HashMap<_, _> = (0..100).map(|number| (number, number)).collect(); // its keys are drawn
    assert_eq!(random.len(), 100);
    assert!(std::net::TcpStream::connect("127.0.0.1:80").is_err());
    assert!(std::thread::Builder::new().spawn(|| ()).is_err());

    println!("all of it: {}", input.trim());
    eprintln!("and nothing else");
    std::process::exit(7);
}
