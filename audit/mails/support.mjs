// What mail programs leave out of a mail's HTML, by caniemail.com's data. Asks no network:
// node support.mjs MODULES CLIENTS FILE… prints one line of JSON a file: { errors: {feature: [client…]}, warnings: … }.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [modules, clients, ...files] = process.argv.slice(2);
const { caniemail } = await import(pathToFileURL(`${modules}/caniemail/dist/index.js`).href);

const byFeature = (issues) => {
  const found = {};
  for (const [client, several] of issues) {
    for (const { title } of several) {
      found[title] ??= [];
      if (!found[title].includes(client)) found[title].push(client);
    }
  }
  return found;
};
for (const file of files) {
  const { issues } = caniemail({ clients: clients.split(","), html: readFileSync(file, "utf8") });
  console.log(JSON.stringify({ errors: byFeature(issues.errors), warnings: byFeature(issues.warnings) }));
}
