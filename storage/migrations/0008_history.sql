-- Which history the numbers of changes belong to: a restore begins another one.

INSERT OR IGNORE INTO meta (name, value) VALUES ('history', random() & 0x7FFFFFFFFFFFFFFF);
