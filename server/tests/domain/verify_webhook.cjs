// Verifies one webhook with the public library: exit code 0 if it is accepted.
// Standard input: {"library", "secret", "headers", "body"}.
const { library, secret, headers, body } = JSON.parse(require("fs").readFileSync(0, "utf8"));
const { Webhook } = require(library);
try {
  const event = new Webhook(secret).verify(body, headers);
  process.stdout.write(JSON.stringify(event));
} catch (error) {
  process.stdout.write(error.constructor.name);
  process.exitCode = 1;
}
