// Takes programs out of a zip archive: node unzip.mjs ARCHIVE FOLDER NAME...
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { inflateRawSync } from "node:zlib";

const [archive, folder, ...names] = process.argv.slice(2);
const zip = readFileSync(archive);
// The directory stands at the end, behind it a record that says where.
const end = zip.lastIndexOf(Buffer.from("PK\x05\x06"));
if (end < 0) throw new Error(`${archive} is no zip archive`);
const wanted = new Set(names);
mkdirSync(folder, { recursive: true });
let at = zip.readUInt32LE(end + 16);
for (let left = zip.readUInt16LE(end + 10); left > 0; left -= 1) {
  const [method, packed] = [zip.readUInt16LE(at + 10), zip.readUInt32LE(at + 20)];
  const [nameLength, extra, comment] = [28, 30, 32].map((offset) => zip.readUInt16LE(at + offset));
  const place = zip.readUInt32LE(at + 42);
  const name = zip.toString("utf8", at + 46, at + 46 + nameLength);
  if (wanted.delete(name)) {
    const begin = place + 30 + zip.readUInt16LE(place + 26) + zip.readUInt16LE(place + 28);
    const bytes = zip.subarray(begin, begin + packed);
    const file = join(folder, basename(name));
    writeFileSync(file, method === 0 ? bytes : inflateRawSync(bytes));
    chmodSync(file, 0o755);
  }
  at += 46 + nameLength + extra + comment;
}
if (wanted.size > 0) throw new Error(`${archive} has no ${[...wanted].join(", ")}`);
