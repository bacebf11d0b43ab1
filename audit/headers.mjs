// Scores pages as Mozilla's HTTP Observatory does, and reads their policies as Google's CSP Evaluator does. Asks no
// network but the address it is given: node headers.mjs MODULES HTTP_PORT HTTPS_PORT PATH… prints one line of JSON each.
import { pathToFileURL } from "node:url";

const [modules, httpPort, httpsPort, ...paths] = process.argv.slice(2);
const load = (name) => import(pathToFileURL(`${modules}/${name}`).href);
const { retrieve } = await load("@mdn/mdn-http-observatory/src/retriever/retriever.js");
const { ALL_TESTS } = await load("@mdn/mdn-http-observatory/src/constants.js");
const { getScoreModifier } = await load("@mdn/mdn-http-observatory/src/grader/grader.js");
const { MINIMUM_SCORE_FOR_EXTRA_CREDIT } = await load("@mdn/mdn-http-observatory/src/grader/charts.js");
const { CspEvaluator } = await load("csp_evaluator/dist/evaluator.js");
const { CspParser } = await load("csp_evaluator/dist/parser.js");
const { Severity } = await load("csp_evaluator/dist/finding.js");

for (const path of paths) {
  const requests = await retrieve("localhost", { httpPort, httpsPort, path });
  const answer = requests.responses.auto;
  const results = ALL_TESTS.map((test) => test(requests).result).filter(Boolean);
  const changes = results.map((result) => [result, getScoreModifier(result)]);
  const sum = (kept) => changes.filter(([, points]) => kept(points)).reduce((total, [, points]) => total + points, 100);
  const uncurved = sum((points) => points < 0);
  const policy = answer.headers["content-security-policy"] ?? "";
  const findings = new CspEvaluator(new CspParser(policy).csp).evaluate();
  console.log(JSON.stringify({
    path,
    status: answer.status,
    score: uncurved >= MINIMUM_SCORE_FOR_EXTRA_CREDIT ? sum(() => true) : uncurved,
    lost: changes.filter(([, points]) => points < 0).map(([result]) => result),
    high: findings.filter(({ severity }) => severity <= Severity.HIGH || severity === Severity.HIGH_MAYBE)
      .map(({ directive, description }) => `${directive}: ${description}`),
    hsts: answer.headers["strict-transport-security"] ?? null,
    cookies: answer.headers["set-cookie"] ?? [],
  }));
}
