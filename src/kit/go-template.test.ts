import { describe, expect, test } from "bun:test";
import { headerFunctions, parseTemplate, TemplateError, type TemplateOptions } from "./go-template.ts";

const data = {
  Name: "web",
  Id: "sha256:4f1d0123456789ab",
  Empty: "",
  Count: 3,
  Zero: 0,
  Ratio: 2.5,
  Big: 1e21,
  On: true,
  Off: false,
  Nothing: null,
  Omitted: undefined,
  Tags: ["a:1", "b:2"],
  None: [],
  Nested: { List: [{ Port: 80 }, { Port: 443 }], Inner: { Deep: "down" } },
  Labels: { team: "blue", app: "shop", "org.x/y": "z" },
  NoLabels: {},
  Label: (name: unknown) => (data.Labels as Record<string, string>)[String(name)] ?? "",
};
const options: TemplateOptions = { maps: new Set(["Labels", "NoLabels"]) };
const render = (template: string) => parseTemplate(template)(data, options);

describe("parseTemplate() prints what Go prints", () => {
  // Expected texts are those of text/template with Docker's functions (docker CLI, templates/templates.go).
  const cases: readonly (readonly [template: string, text: string])[] = [
    ["plain", "plain"],
    ["", ""],
    ["{{.Name}}", "web"],
    ["<{{ .Name }}>", "<web>"],
    ["{{.Nested.Inner.Deep}}", "down"],
    ["{{.Count}} {{.Ratio}} {{.On}} {{.Off}} {{.Zero}}", "3 2.5 true false 0"],
    ["{{.Big}}", "1e+21"],
    ["{{.Nothing}}|{{.Omitted}}", "<no value>|<no value>"],
    ["{{.Tags}}", "[a:1 b:2]"],
    ["{{.None}}", "[]"],
    ["{{.Labels}}", "map[app:shop org.x/y:z team:blue]"],
    ["{{.NoLabels}}", "map[]"],
    ["{{.Nested.List}}", "[map[Port:80] map[Port:443]]"],
    ["{{.Labels.team}} {{.Labels.missing}}", "blue <no value>"],
    // literals
    [`{{"a\\tb"}}`, "a\tb"],
    [`{{"\\u00e9\\x41\\""}}`, 'éA"'],
    ["{{`raw \\t`}}", "raw \\t"],
    ["{{'a'}}", "97"],
    ["{{0x10}} {{1_000}} {{-5}} {{1.5e3}} {{0b11}}", "16 1000 -5 1500 3"],
    ["{{true}} {{false}}", "true false"],
    // json
    ["{{json .Tags}}", '["a:1","b:2"]'],
    ["{{json .Nothing}} {{json .Omitted}}", "null null"],
    ["{{json .Nested.Inner}}", '{"Deep":"down"}'],
    ['{{json "<a&b>"}}', '"<a&b>"'],
    ["{{.Tags | json}}", '["a:1","b:2"]'],
    // range
    ["{{range .Tags}}[{{.}}]{{end}}", "[a:1][b:2]"],
    ["{{range .None}}x{{else}}none of {{.Name}}{{end}}", "none of web"],
    ["{{range $i, $t := .Tags}}{{$i}}={{$t}};{{end}}", "0=a:1;1=b:2;"],
    ["{{range $t := .Tags}}{{$t}} {{end}}", "a:1 b:2 "],
    ["{{range $k, $v := .Labels}}{{$k}}={{$v}},{{end}}", "app=shop,org.x/y=z,team=blue,"],
    ["{{range .Labels}}{{.}} {{end}}", "shop z blue "],
    ["{{range .Nested.List}}{{.Port}}/{{$.Name}} {{end}}", "80/web 443/web "],
    ["{{range .Nothing}}x{{else}}nil{{end}}", "nil"],
    ["{{range 3}}{{.}}{{end}}", "012"],
    ['{{range .Tags}}{{if eq . "b:2"}}{{break}}{{end}}{{.}}{{end}}', "a:1"],
    ['{{range .Tags}}{{if eq . "a:1"}}{{continue}}{{end}}{{.}}{{end}}', "b:2"],
    // if
    ["{{if .On}}yes{{else}}no{{end}}", "yes"],
    ["{{if .Off}}yes{{end}}", ""],
    ["{{if .Empty}}1{{else if .Zero}}2{{else if .Count}}3{{else}}4{{end}}", "3"],
    ["{{if .None}}1{{else}}2{{end}}{{if .Nothing}}1{{else}}2{{end}}{{if .NoLabels}}1{{else}}2{{end}}", "222"],
    ["{{if and .On .Name}}both{{end}}", "both"],
    ["{{if or .Off .Empty}}any{{else}}none{{end}}", "none"],
    ["{{if not .Off}}not{{end}}", "not"],
    ["{{and .On .Name}} {{or .Empty .Name}} {{and .Zero .Missing}}", "web web 0"],
    ["{{if and .Nothing .Nothing.Health}}x{{else}}short{{end}}", "short"],
    ["{{if $n := .Name}}{{$n}}{{end}}", "web"],
    ['{{if eq .Name "web"}}a{{end}}{{if ne .Name "db"}}b{{end}}', "ab"],
    ['{{if eq .Name "x" "web"}}any{{end}}', "any"],
    ['{{lt 1 2}} {{le 2 2}} {{gt 1 2}} {{ge 2 3}} {{lt "a" "b"}}', "true true false false true"],
    ["{{eq .Nothing nil}}", "true"],
    // with
    ["{{with .Nested.Inner}}{{.Deep}}{{end}}", "down"],
    ["{{with .Empty}}x{{else}}{{.Name}}{{end}}", "web"],
    ["{{with $x := .Name}}{{$x}}{{.}}{{end}}", "webweb"],
    ["{{with .Empty}}x{{else with .Name}}{{.}}{{end}}", "web"],
    // index, len, slice
    ['{{index .Labels "org.x/y"}}', "z"],
    ['[{{index .Labels "missing"}}]', "[]"],
    ['[{{index .Nothing "missing"}}]', "[]"],
    ["{{index .Tags 1}}", "b:2"],
    ['{{index .Nested.List 0 "Port"}}', "80"],
    ["{{(index .Nested.List 1).Port}}", "443"],
    ["{{len .Tags}} {{len .Name}} {{len .Labels}} {{len .Nothing}}", "2 3 3 0"],
    ["{{.Tags | len}}", "2"],
    ["{{slice .Name 1}} {{slice .Name 0 2}}", "eb we"],
    // text functions
    ['{{join .Tags ", "}}', "a:1, b:2"],
    ['{{range split "a/b" "/"}}<{{.}}>{{end}}', "<a><b>"],
    ['{{upper .Name}} {{lower "ABC"}} {{title "two words"}}', "WEB abc Two Words"],
    ['[{{pad .Name 1 2}}][{{pad "" 1 2}}]', "[ web  ][]"],
    ["{{truncate .Id 10}} {{truncate .Name 10}}", "sha256:4f1 web"],
    ['{{println "a" 1}}{{print 1 2 "x"}}', "a 1\n1 2x"],
    ["{{println .Nothing}}", "<nil>\n"],
    ['{{.Name | upper | printf "%s!"}}', "WEB!"],
    // printf
    ['{{printf "%s %d %q %v %.2f" .Name .Count .Name .Tags .Ratio}}', 'web 3 "web" [a:1 b:2] 2.50'],
    ['{{printf "%-6s|%6s|%06d|%+d|%x|%%" "ab" "cd" 42 7 255}}', "ab    |    cd|000042|+7|ff|%"],
    ['{{printf "%.3s|%t|%c|%X" "abcdef" true 65 "hi"}}', "abc|true|A|6869"],
    ['{{printf "%d" .Name}}', "%!d(string=web)"],
    ['{{printf "%s"}}', "%!s(MISSING)"],
    ['{{printf "a" 1}}', "a%!(EXTRA int=1)"],
    ['{{printf "%v %v" .Nothing .Labels}}', "<nil> map[app:shop org.x/y:z team:blue]"],
    ['{{printf "%*d" 5 42}}', "   42"],
    ['{{printf "%q" .Tags}}', '["a:1" "b:2"]'],
    // variables and pipes
    ["{{$x := .Name}}{{$x}}{{$x}}", "webweb"],
    ["{{$x := 1}}{{range .Tags}}{{$x = .}}{{end}}{{$x}}", "b:2"],
    ["{{$x := 1}}{{if true}}{{$x := 2}}{{$x}}{{end}}{{$x}}", "21"],
    ["{{$n := .Nested}}{{$n.Inner.Deep}}", "down"],
    ["{{$.Name}}", "web"],
    ['{{(printf "%s-%s" .Name "x") | upper}}', "WEB-X"],
    ["{{len (index .Tags 0)}}", "3"],
    // methods
    ['{{.Label "team"}}', "blue"],
    ['{{if eq (.Label "app") "shop"}}ok{{end}}', "ok"],
    // trimming and comments
    ["a  {{- .Name -}}  b", "awebb"],
    ["a\n{{- /* gone */ -}}\nb", "ab"],
    ["a{{/* gone */}}b", "ab"],
    ["a {{/* gone */ -}} b", "a b"],
    ["{{if .On -}}\n  x\n{{- end}}", "x"],
    ["{{-5}}", "-5"],
    ["{{printf `%v` -0x10}} {{.5}} {{eq .Count 3}}", "-16 0.5 true"],
    ["{{range .Tags}}\n{{end}}", "\n\n"],
  ];
  for (const [template, text] of cases)
    test(JSON.stringify(template), () => {
      expect(render(template)).toBe(text);
    });
});

describe("parseTemplate() refuses", () => {
  const cases: readonly (readonly [template: string, text: string])[] = [
    ["{{.Nam}}", 'there is no field "Nam"'],
    ["{{.Nested.Innr.Deep}}", 'there is no field "Innr"'],
    ["{{.Nothing.Status}}", 'no value to take the field "Status" of'],
    ["{{.Name.X}}", 'a value of type string has no field "X"'],
    ["{{.Name", "is not closed"],
    ["{{}}", "is empty"],
    ["{{if .On}}", "{{if}} has no {{end}}"],
    ["{{end}}", "{{end}} has no {{if}}"],
    ["{{if .On}}a{{else}}b{{else}}c{{end}}", "two {{else}}"],
    ["{{jsn .Name}}", 'there is no function "jsn"'],
    ["{{$x}}", 'there is no variable "$x"'],
    ["{{.Name | }}", "misses a value"],
    ["{{(.Name}}", "is not closed"],
    ["{{.Name .Count}}", "gives arguments to what is no function"],
    ["{{lt .Name 1}}", "cannot be compared"],
    ["{{index .Tags 5}}", "out of range"],
    ["{{range .Name}}{{end}}", "range cannot go over a value of type string"],
    ['{{template "x"}}', "not supported"],
    ['{{"\\z"}}', "unknown escape"],
    ["{{.Name ? 1}}", 'unexpected "?"'],
    ["{{if}}x{{end}}", "misses a value"],
  ];
  for (const [template, text] of cases)
    test(JSON.stringify(template), () => {
      expect(() => render(template)).toThrow(TemplateError);
      expect(() => render(template)).toThrow(text);
    });
});

test("parseTemplate() names the field or function that was meant", () => {
  const near = (template: string) => {
    try {
      render(template);
    } catch (error) {
      return (error as TemplateError).near;
    }
    return undefined;
  };
  expect(near("{{.Nane}}")).toBe("Name");
  expect(near("{{jsn .Name}}")).toBe("json");
  expect(near("{{.Unlike}}")).toBeUndefined();
});

test("headerFunctions leave the names of columns as they are", () => {
  const header = parseTemplate('{{.Name | upper}}\t{{json .Id}}\t{{truncate .Id 3}}\t{{join .Tags ","}}');
  const names = { Name: "Name", Id: "Image ID", Tags: "TAGS" };
  expect(header(names, { functions: headerFunctions })).toBe("Name\tImage ID\tImage ID\tTAGS");
});
