// age-vectors.js INDEX KEY: give bk-crypt -d every vector of the npm package
// cctv-age, whose index.js is INDEX.  Prints each that bk-crypt judges otherwise
// than it states, then how many there are.  KEY is an identity file for those
// that bring no secret of their own.  Leaves a file "secret" behind.
const { spawnSync } = require("child_process");
const { createHash } = require("crypto");
const fs = require("fs");
const { inflateSync } = require("zlib");

// What bk-crypt says for each verdict.
const said = {
	"success": /^$/,
	"no match": /no identity matches|wrong passphrase|give an identity/,
	"HMAC failure": /header: altered/,
	// an empty file and a truncated nonce are not worded as header failures
	"header failure":
	    /header: (malformed|not bk-crypt|.* work factor)|it is empty|its nonce/,
	// armor that does not begin as such is a header to it
	"armor failure": /age armor: |header: not bk-crypt/,
	"payload failure": /payload: damaged/,
};

// Without ML-KEM these, good or malformed, are for somebody else.
const post_quantum = new Set(["armor_hybrid", "hybrid", "hybrid_and_x25519",
    "hybrid_extra_argument", "hybrid_grease", "hybrid_identity",
    "hybrid_long_file_key", "hybrid_long_share", "hybrid_low_order",
    "hybrid_multiple_recipients", "hybrid_not_canonical_enc",
    "hybrid_short_share"]);

// Lines of "key: value", an empty one, the file.
function parse(name, bytes) {
	const end = bytes.indexOf("\n\n");
	const v = { name, identity: [], passphrase: [] };
	for (const line of bytes.toString("utf8", 0, end).split("\n")) {
		const [, key, value] = /^([a-z ]+): (.*)$/.exec(line);
		if (Array.isArray(v[key]))
			v[key].push(value);
		else
			v[key] = value;
	}
	v.file = bytes.subarray(end + 2);
	if (v.compressed === "zlib")
		v.file = inflateSync(v.file);
	if (post_quantum.has(name)) {
		v.expect = "no match";
		v.payload = undefined;
	}
	return v;
}

const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

// What is wrong with bk-crypt's verdict, given this secret; "" if nothing is.
function judge(v, ...secret) {
	const p = spawnSync("bk-crypt", ["-d", ...secret],
	    { input: v.file, maxBuffer: Infinity });
	if (p.status !== (v.expect === "success" ? 0 : 3) ||
	    !said[v.expect].test(p.stderr))
		return `status ${p.status}, ${p.stderr}`;
	if (sha256(p.stdout) !== (v.payload ?? sha256("")))
		return `wrote ${p.stdout.length} bytes that it should not`;
	return "";
}

function secret_file(lines) {
	fs.writeFileSync("secret", lines.join("\n") + "\n", { mode: 0o600 });
	return "secret";
}

function run(v, key) {
	const wrong = v.passphrase.map((word) =>
	    judge(v, "--passphrase-file", secret_file([word])));
	if (v.identity.length > 0)
		wrong.push(judge(v, "-i", secret_file(v.identity)));
	if (wrong.length === 0)
		wrong.push(judge(v, "-i", key));
	for (const why of wrong.filter((why) => why !== ""))
		console.log(`${v.name}: ${v.expect} expected: ${why}`);
}

import(process.argv[2]).then((vectors) => {
	for (const [name, bytes] of Object.entries(vectors))
		run(parse(name, Buffer.from(bytes)), process.argv[3]);
	console.log(Object.keys(vectors).length, "vectors");
});
