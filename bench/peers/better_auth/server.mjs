// Better Auth as its installation page has it: better-sqlite3, email and password, Node's server.
// `node server.mjs seed COUNT PASSWORD` makes the accounts, `node server.mjs PORT` serves.
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { fromNodeHeaders, toNodeHandler } from "better-auth/node";
import Database from "better-sqlite3";

const [, , first, count, password] = process.argv;
const database = new Database(process.env.PEER_DATABASE);
const options = {
  database,
  secret: "c3a1f4d4d9a14b57a9a1f0a3c2b5e6d7",
  baseURL: "http://127.0.0.1",
  emailAndPassword: { enabled: true },
  // In production a client may ask a hundred times in ten seconds otherwise.
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
};
const auth = betterAuth(options);

async function seed() {
  const { runMigrations } = await getMigrations(options);
  await runMigrations();
  const context = await auth.$context;
  const hashed = await context.password.hash(password);
  const now = new Date().toISOString();
  const user = database.prepare(
    'insert into "user" (id, name, email, emailVerified, createdAt, updatedAt) values (?, ?, ?, 1, ?, ?)',
  );
  const account = database.prepare(
    "insert into account (id, accountId, providerId, userId, password, createdAt, updatedAt)" +
      " values (?, ?, 'credential', ?, ?, ?, ?)",
  );
  database.transaction(() => {
    for (let number = 1; number <= Number(count); number++) {
      const id = randomUUID();
      user.run(id, `user${number}`, `user${number}@example.com`, now, now);
      account.run(randomUUID(), id, id, hashed, now, now);
    }
  })();
}

function serve(port) {
  const routes = toNodeHandler(auth);
  createServer(async (request, response) => {
    if (request.url !== "/profile") return routes(request, response);
    const session = await auth.api.getSession({ headers: fromNodeHeaders(request.headers) });
    response.writeHead(session ? 200 : 401, { "Content-Type": "application/json" });
    response.end(JSON.stringify({ email: session?.user.email }));
  }).listen(Number(port), "127.0.0.1");
}

if (first === "seed") await seed();
else serve(first);
