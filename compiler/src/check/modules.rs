//! The files of a program, and the names that they use from each other.
//!
//! `use std::NAME::…` names a module of the standard library, `use self::NAME::…` the file `NAME.hush` beside the root file. All files are
//! read before anything is resolved, so modules may use each other in any order.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, LazyLock};

use super::items::{Def, DefId, DefKind, ScopeId, duplicate, similar};
use super::{Checker, Sources};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::SourceMap;
use crate::std as library;
use crate::syntax::{self, ast};

/// Files that a program may have.
const FILES_MAX: usize = 1000;

/// The module of methods, which every program has, and the one whose functions are methods of arrays too.
static METHODS: LazyLock<ModuleName> = LazyLock::new(|| ModuleName { library: true, name: "methods".into() });
static SORT: LazyLock<ModuleName> = LazyLock::new(|| ModuleName { library: true, name: "sort".into() });

/// Which module.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct ModuleName {
    /// Whether it belongs to the standard library.
    pub(super) library: bool,
    pub(super) name: Arc<str>,
}

/// A file that is not the root.
pub(super) struct Module {
    pub(super) name: ModuleName,
    pub(super) file: ast::File,
}

/// One name that a `use` brings in: the way to it, what it is called here, and whether it stands for all names.
struct Leaf<'a> {
    path: Vec<&'a ast::Ident>,
    alias: Option<&'a ast::Ident>,
    glob: bool,
}

/// Reads all files that `root` names, directly or not.
pub(super) fn load(root: &ast::File, sources: &Sources<'_>, map: &mut SourceMap) -> (Vec<Module>, Vec<Diagnostic>) {
    let (mut modules, mut diagnostics): (Vec<Module>, Vec<Diagnostic>) = (Vec::new(), Vec::new());
    let mut seen = BTreeSet::new();
    let mut wanted: VecDeque<(ModuleName, ast::Ident)> = named_modules(root).collect();
    if may_sort(sources.text) {
        wanted.push_back((SORT.clone(), ast::Ident { name: SORT.name.clone(), span: root.span }));
    }
    while let Some((name, ident)) = wanted.pop_front() {
        if !seen.insert(name.clone()) || modules.len() >= FILES_MAX {
            continue;
        }
        let path = format!("{}.hush", name.name);
        let text = if name.library { library::text(&name.name).map(str::to_owned) } else { (sources.load)(&path) };
        let Some(text) = text else {
            diagnostics.push(unknown_module(&name, &ident));
            continue;
        };
        let shown = if name.library { format!("std/{path}") } else { path };
        let id = map.add(shown, text);
        if !name.library && may_sort(map.file(id).text()) {
            wanted.push_back((SORT.clone(), ident));
        }
        let (file, found) = syntax::parse(map, id);
        diagnostics.extend(found);
        wanted.extend(named_modules(&file));
        modules.push(Module { name, file });
    }
    let id = map.add("std/methods.hush", library::METHODS);
    let (file, _) = syntax::parse(map, id);
    modules.push(Module { name: METHODS.clone(), file });
    (modules, diagnostics)
}

/// Whether a file may call functions of `std::sort` as methods.
fn may_sort(text: &str) -> bool {
    [".sort", ".argsort", ".compact", ".is_increasing"].iter().any(|method| text.contains(method))
}

/// The modules that the `use`s of a file name.
fn named_modules(file: &ast::File) -> impl Iterator<Item = (ModuleName, ast::Ident)> + '_ {
    let trees = file.items.iter().filter_map(|item| match &item.kind {
        ast::ItemKind::Use(tree) => Some(tree),
        _ => None,
    });
    trees.flat_map(leaves).filter_map(|leaf| module_of(&leaf))
}

fn module_of(leaf: &Leaf<'_>) -> Option<(ModuleName, ast::Ident)> {
    let [first, name, ..] = &leaf.path[..] else { return None };
    let library = match &*first.name {
        "std" => true,
        "self" => false,
        _ => return None,
    };
    Some((ModuleName { library, name: name.name.clone() }, (*name).clone()))
}

fn leaves(tree: &ast::UseTree) -> Vec<Leaf<'_>> {
    let mut found = Vec::new();
    collect(tree, &[], &mut found);
    found
}

fn collect<'a>(tree: &'a ast::UseTree, prefix: &[&'a ast::Ident], found: &mut Vec<Leaf<'a>>) {
    let path: Vec<&ast::Ident> = prefix.iter().copied().chain(&tree.path).collect();
    match &tree.end {
        ast::UseEnd::Name { alias } => {
            // `a::{self}` is `a`.
            let own = path.len() > 1 && path.last().is_some_and(|last| &*last.name == "self");
            let path = if own { path[..path.len() - 1].to_vec() } else { path };
            found.push(Leaf { path, alias: alias.as_ref(), glob: false });
        }
        ast::UseEnd::Glob => found.push(Leaf { path, alias: None, glob: true }),
        ast::UseEnd::Group(trees) => trees.iter().for_each(|tree| collect(tree, &path, found)),
    }
}

fn unknown_module(name: &ModuleName, ident: &ast::Ident) -> Diagnostic {
    if !name.library {
        return Diagnostic::error(
            Code::UnknownModule,
            format!("there is no file `{}.hush` beside the program", name.name),
        )
        .at(ident.span, "no such file")
        .help("create it, or correct the name");
    }
    let error = Diagnostic::error(Code::UnknownModule, format!("the standard library has no module `{}`", name.name))
        .at(ident.span, "no such module");
    match similar(&name.name, library::names()) {
        Some(known) => error.replace(format!("did you mean `{known}`?"), ident.span, known),
        None => error.help(format!("its modules are: {}", library::names().collect::<Vec<_>>().join(", "))),
    }
}

impl<'a> Checker<'a> {
    /// Declares what the modules declare, then brings in what every file uses.
    pub(super) fn declare_files(&mut self, root: &'a ast::File, modules: &'a [Module]) {
        self.root = self.declare(&root.items, None);
        let mut scopes: BTreeMap<&ModuleName, ScopeId> = BTreeMap::new();
        for module in modules {
            let scope = self.declare(&module.file.items, None);
            if module.name.library {
                self.library_scopes.insert(scope);
            }
            scopes.insert(&module.name, scope);
        }
        self.methods_scope = scopes.get(&*METHODS).copied();
        self.sort_scope = scopes.get(&*SORT).copied();
        let own: Vec<BTreeMap<Arc<str>, DefId>> = self.scopes.iter().map(|scope| scope.names.clone()).collect();
        let files = std::iter::once((&root.items, self.root))
            .chain(modules.iter().map(|module| (&module.file.items, scopes[&module.name])));
        for (items, scope) in files {
            for item in items {
                if let ast::ItemKind::Use(tree) = &item.kind {
                    leaves(tree).iter().for_each(|leaf| self.import(leaf, scope, &scopes, &own));
                }
            }
        }
    }

    fn import(
        &mut self,
        leaf: &Leaf<'a>,
        into: ScopeId,
        scopes: &BTreeMap<&ModuleName, ScopeId>,
        own: &[BTreeMap<Arc<str>, DefId>],
    ) {
        let Some((module, ident)) = module_of(leaf) else { return self.bad_use(leaf) };
        // A module that is missing has been reported.
        let Some(scope) = scopes.get(&module).copied() else {
            self.failures += 1;
            if let (Some(name), false) = (leaf.alias.or(leaf.path.last().copied()), leaf.glob) {
                self.missing_imports.insert((into, name.name.clone()));
            }
            return;
        };
        let names = &own[scope.0 as usize];
        match (&leaf.path[2..], leaf.glob) {
            ([], true) => {
                let public: Vec<_> = names.iter().filter(|(_, def)| self.public(**def)).collect();
                for (name, def) in public {
                    self.scopes[into.0 as usize].names.entry(name.clone()).or_insert(*def);
                }
            }
            ([], false) => {
                let name = leaf.alias.unwrap_or(leaf.path[1]);
                let def = self.module_def(name, into, scope);
                self.bring_in(name, def, into);
            }
            ([name], false) => match names.get(&name.name).copied() {
                Some(def) if self.public(def) => self.bring_in(leaf.alias.unwrap_or(name), def, into),
                Some(def) => self.private_def(name, def),
                None => self.not_in_module(name, &ident, names),
            },
            _ => self.bad_use(leaf),
        }
    }

    /// Whether a `use` would bring in `name` if its module were there: that is reported already.
    pub(super) fn should_be_imported(&mut self, scope: ScopeId, name: &str) -> bool {
        let mut next = Some(scope);
        while let Some(scope) = next {
            if self.missing_imports.contains(&(scope, Arc::from(name))) {
                self.failures += 1;
                return true;
            }
            next = self.scopes[scope.0 as usize].parent;
        }
        false
    }

    fn public(&self, def: DefId) -> bool {
        self.public_defs.contains(&def)
    }

    fn module_def(&mut self, name: &'a ast::Ident, into: ScopeId, scope: ScopeId) -> DefId {
        let id = DefId(self.defs.len() as u32);
        self.defs.push(Def { name, start: name.span, scope: into, kind: DefKind::Module(scope), impl_: None });
        id
    }

    fn bring_in(&mut self, name: &'a ast::Ident, def: DefId, into: ScopeId) {
        let first = self.scopes[into.0 as usize].names.insert(name.name.clone(), def);
        let Some(first) = first.filter(|first| *first != def) else { return };
        let declared = self.def(first).name.span;
        if declared.file == name.span.file {
            self.report(duplicate(name, declared));
        }
        self.scopes[into.0 as usize].names.insert(name.name.clone(), first);
    }

    fn not_in_module(&mut self, name: &ast::Ident, module: &ast::Ident, names: &BTreeMap<Arc<str>, DefId>) {
        let error = Diagnostic::error(Code::UnknownName, format!("`{module}` declares no `{name}`"))
            .at(name.span, "not declared there");
        let public: Vec<&str> = names.iter().filter(|(_, def)| self.public(**def)).map(|(name, _)| &**name).collect();
        let error = match similar(&name.name, public.iter().copied()) {
            Some(known) => error.replace(format!("did you mean `{known}`?"), name.span, known),
            None if public.is_empty() => error.help("nothing in it is `pub`"),
            None => error.help(format!("it declares: {}", public.join(", "))),
        };
        self.report(error);
    }

    fn bad_use(&mut self, leaf: &Leaf<'_>) {
        let (Some(first), Some(last)) = (leaf.path.first(), leaf.path.last()) else { return };
        self.report(
            Diagnostic::error(Code::UnknownModule, "a `use` names a module, and perhaps something in it")
                .at(first.span.to(last.span), "not of that form")
                .help("write `use std::MODULE::name;`, or `use self::FILE::name;` for the file `FILE.hush` beside the program"),
        );
    }
}
