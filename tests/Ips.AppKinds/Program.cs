// One program for each kind of app in docs/compatibility.md: `dotnet Ips.AppKinds.dll KIND [--line=false] [settings]`.
// A test project of an app, and a tool, start the entry point without a kind: then it is a minimal API.
using Ips.AppKinds;

var (kind, rest) = args is [var first, ..] && AppKindTable.All.ContainsKey(first) ? (first, args[1..]) : ("minimal", args);
await AppKindTable.All[kind](rest, !rest.Contains("--line=false"));
