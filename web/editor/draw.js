// Drawn pictures. It comes with the editor because few visits want one.

/** Saves an SVG as a PNG, twice as large for screens with small pixels. */
export async function draw(name, svg) {
  const image = new Image();
  image.src = `data:image/svg+xml,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [2 * image.width, 2 * image.height];
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  globalThis.petriSave(name, await new Promise((drawn) => canvas.toBlob(drawn)));
}
