// Judge a List of Kubernetes objects, as JSON on standard input, by the schemas
// of the npm package kubernetes-models: types, required members, enumerations,
// formats.  The schemas read the members that they know, so one that was never
// read is one that Kubernetes does not know.
const unread = new Set();

function watched(value, path) {
	if (value === null || typeof value !== "object")
		return value;
	const copy = Array.isArray(value) ? [] : {};
	for (const name in value) {
		copy[name] = watched(value[name], path + "/" + name);
		if (!Array.isArray(value))
			unread.add(path + "/" + name);
	}
	return new Proxy(copy, { get(object, name) {
		if (typeof name === "string")
			unread.delete(path + "/" + name);
		return object[name];
	} });
}

const list = JSON.parse(require("fs").readFileSync(0));
for (const item of list.items) {
	const { validate } = require(process.argv[2] +
	    "/node_modules/kubernetes-models/_schemas/IoK8sApiBatchV1" +
	    item.kind + ".js");
	if (!validate(watched(item, item.metadata.name)))
		for (const e of validate.errors)
			console.log(item.metadata.name + e.instancePath, e.keyword,
			    JSON.stringify(e.params));
}
for (const path of unread)
	console.log(path, "is not known");
