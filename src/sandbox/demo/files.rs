//! The files of the made-up Home, as they are in `fixtures/home`.

/// One made-up file: its path in Claude's directory, and what it holds.
pub(super) type Made = (&'static str, &'static [u8]);

macro_rules! made {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_bytes!(concat!("../../../fixtures/home/", $name)))),*]
    };
}

/// Every made-up file.
pub(super) const FILES: &[Made] = made![
    "history.jsonl",
    "projects/-home-ada-garden-almanac/2b310f71-724b-4c17-8bad-6571401d5776.jsonl",
    "projects/-home-ada-garden-almanac/5cf01dc4-9ac2-472b-aa62-04f906d56eec.jsonl",
    "projects/-home-ada-garden-almanac/7ba9cafd-0589-46b7-8588-5ac84c2cb096.jsonl",
    "projects/-home-ada-garden-almanac/95c17d9d-e821-40e1-9f5d-d7df6b57bdf4.jsonl",
    "projects/-home-ada-garden-almanac/fc86af7a-00aa-4038-9bfe-ef0b282a7bd9.jsonl",
    "projects/-home-ada-garden-almanac/memory/MEMORY.md",
    "projects/-home-ada-garden-greenhouse/23ab5896-7192-4cfc-a0b2-7fb67bc26a02.jsonl",
    "projects/-home-ada-garden-greenhouse/4d367eca-bf35-4068-adfc-552858d86ffb.jsonl",
    "projects/-home-ada-garden-greenhouse/69947faa-1963-4f3b-b9be-d646946bb958.jsonl",
    "projects/-home-ada-garden-greenhouse/agent-5c1f0e2a.jsonl",
    "projects/-home-ada-garden-greenhouse/ca35bc38-5591-4622-900d-e2e1b1c98b80.jsonl",
    "projects/-home-ada-garden-greenhouse/e9cd231a-1547-406a-a1a4-fb77a9eb622a.jsonl",
    "projects/-home-ada-garden-greenhouse/f70260b3-43b6-419d-ab43-bed73406cd91.jsonl",
    "projects/-home-ada-garden-website/2c273f90-273c-46ee-81f4-47a5e91a4370.jsonl",
    "projects/-home-ada-garden-website/9cb6a907-15b6-42b3-b266-8f360cdcd95c.jsonl",
    "projects/-home-ada-garden-website/d5ee64ff-aebb-4d80-a2f4-57a18c8c72c1.jsonl",
];
