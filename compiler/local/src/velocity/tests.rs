//! Templates with what they make, as the Velocity user guide and API Gateway's documents say it.

use serde_json::{Value as Json, json};

use super::value::Value;
use super::{Template, Variables};

fn rendered(template: &str, variables: &Json) -> Result<String, String> {
    let variables = variables.as_object().expect("an object");
    let mut variables: Variables =
        variables.iter().map(|(name, value)| (name.clone(), Value::of_json(value))).collect();
    let template = Template::parse(template).map_err(|error| error.to_string())?;
    template.render(&mut variables).map_err(|error| error.to_string())
}

/// <https://velocity.apache.org/engine/1.7/user-guide.html>
#[test]
fn templates_are_rendered() {
    let variables = json!({
        "name": "Kim", "n": 3, "x": 1.5, "yes": true, "no": false, "list": ["a", "b"], "map": { "k": "v", "size": 7 }, "it": null,
    });
    for (template, made) in [
        ("Hello $name, ${name}s and $!name.", "Hello Kim, Kims and Kim."),
        ("[$nobody][$!nobody][${nobody|'none'}][$it]", "[][][none][]"),
        ("$ 5 costs $5 and a # is a # or #7 and $", "$ 5 costs $5 and a # is a # or #7 and $"),
        ("\\$name \\#if a\\b", "$name #if a\\b"),
        ("#set($a = 'x$name')$a#set($b = \"x$name\")$b", "x$namexKim"),
        ("#set( $q = \"say \"\"hi\"\"\" )$q", "say \"hi\""),
        ("#set($a = 1)\nb", "b"),
        ("#if($yes)\n1\n#else 2#end\n3", "1\n3"),
        ("#if($no)1#elseif($n == 3)2#else 3#end", "2"),
        ("#if($no)1#{else}2#{end}3", "23"),
        ("#if($nobody)1#{else}2#end", "2"),
        ("#if(!$nobody && $n >= 3 || $no)1#end", "1"),
        ("#if($n gt 2 and not $no)1#end", "1"),
        ("#foreach($i in $list)$i$foreach.count$foreach.index#if($foreach.hasNext), #end#end", "a10, b21"),
        ("#foreach($i in [1..4])#if($i == 3)#break#end$i#end.", "12."),
        ("#foreach($i in [3..1])$i#end", "321"),
        ("#foreach($v in $map)$v #end#foreach($e in $map.entrySet())$e.key=$e.getValue() #end", "v 7 k=v size=7 "),
        ("#foreach($i in $nobody)x#end", ""),
        ("a#stop b", "a"),
        ("a## b\nc#* d *#\ne#[[$name]]#", "ace$name"),
        ("$map.k $map.get('k') $map['k'] $list[1] $list.get(0) $map.size $map.size()", "v v v b a 7 2"),
        ("$map $list $n $x $yes", "{k=v, size=7} [a, b] 3 1.5 true"),
        ("#set($m = {'a': 1, 'b': [2, 'c']})$m.b[1]$m.put('a', 5)$m.a#set($m.z = 9)$m.z", "c159"),
        ("#set($l = [])#set($t = $l.add('x'))$l.size()$l.isEmpty()", "1false"),
        ("#set($s = $n + 2 * 3 - 1)$s #set($s = 7 / 2)$s #set($s = 7 % 4)$s #set($s = $n + 'a')$s", "8 3 3 3a"),
        ("#set($k = 1)#set($k = $nobody)$k", "1"),
        ("#set($s = 0)#foreach($i in [1..3])#set($s = $s + $i)#end$s$!i", "6"),
        (
            "$name.length()$name.toUpperCase()$name.substring(1)$name.replaceAll('(i)', '<$1>')$name.indexOf('m')",
            "3KIMimK<i>m2",
        ),
        ("$name.contains('im')$name.matches('K.*')$name.equals('Kim')$name.split('i').size()", "truetruetrue2"),
        ("$!{map.k}-$map.k.length()", "v-1"),
        ("$name.", "Kim."),
        ("#if(\"$!nobody\" == '')e#end", "e"),
        ("#if($n == 3.0 && $n != 4)e#end", "e"),
    ] {
        assert_eq!(rendered(template, &variables).as_deref(), Ok(made), "{template}");
    }
}

#[test]
fn what_is_wrong_is_said_with_its_line() {
    for (template, why) in [
        ("a\n#if($x)", "line 2: `#if` has no `#end`"),
        ("#end", "line 1: there is an `#end` or `#else` without an `#if` or `#foreach`"),
        ("#set($x 1)", "line 1: `#set` has no `=`"),
        ("#set($x = )", "line 1: expected a value"),
        ("#macro(m)x#end", "line 1: `#macro` is not carried out by the local system"),
        ("#foreach($i in [1..5000])x#end", "a range has 1000 numbers at most"),
        ("$name.swim('x')", "a text has no method `swim(a text)`"),
        ("$name.substring(9)", "there are no characters 9 to 3 in a text of 3"),
        ("$name.replaceAll('(', '')", "the regular expression `(` does not work"),
        ("#set($l = [])$l.add($l)", "a list that holds itself"),
        ("#set($a = {})#set($b = {'a': $a})$a.put('b', $b)", "a map that holds itself"),
    ] {
        let said = rendered(template, &json!({ "name": "Kim" })).expect_err(template);
        assert!(said.starts_with(why), "{template}: {said}");
    }
}

/// Whatever a template is, it is rendered or refused.
#[test]
fn nested_and_cut_templates_are_refused() {
    let deep = format!("{}x{}", "#if(true)".repeat(500), "#end".repeat(500));
    assert!(rendered(&deep, &json!({})).is_err());
    let deep = format!("#set($x = {}1{})", "(".repeat(5_000), ")".repeat(5_000));
    assert!(rendered(&deep, &json!({})).is_err());
    let whole = "#set($a = {\"k\": [1, 'é', \"$x\"]})#foreach($i in $a.k)${i.get('x')}#if($i == 1 || !$a)#elseif(true)#else#end#end";
    for (at, _) in whole.char_indices() {
        let _ = rendered(whole.get(..at).expect("a start"), &json!({ "x": "1" }));
    }
}
