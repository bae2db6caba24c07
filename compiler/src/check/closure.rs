//! Functions that take closures: each call is expanded in place, and the closures in it.
//!
//! A parameter of type `fn(A) -> B` is no value: it is known at each call which code it stands for. So the body of such a function is
//! checked anew for each call, with its parameters as variables; a call of the parameter is the closure's body.

use std::rc::Rc;
use std::sync::Arc;

use super::body::{Body, Why};
use super::builtin::block;
use super::call::{Call, counted};
use super::expr::Named;
use super::generics::Bindings;
use super::holes::{declare_as, has_holes};
use super::items::{DefId, EnvRef, ScopeId};
use super::types::unit;
use crate::diagnostic::{Code, Diagnostic};
use crate::hir::{Expr, LocalId, Stmt, Ty};
use crate::source::Span;
use crate::syntax::ast::{self, ExprKind as Ast, TypeKind};

/// What a parameter of function type stands for.
#[derive(Clone)]
pub(super) struct FnArg<'a> {
    code: Callee<'a>,
    /// The types that the parameter is declared with; nothing while they are being found out.
    declared: Option<(Rc<[Ty]>, Ty)>,
}

#[derive(Clone)]
enum Callee<'a> {
    Closure(&'a ast::Expr, Rc<Context>),
    Function(DefId, Option<Ty>),
    /// Any code of the declared type.
    Opaque,
}

/// What names mean at some place.
pub(super) struct Context {
    scope: ScopeId,
    env: EnvRef,
    names: Vec<(Arc<str>, LocalId)>,
    /// The functions whose bodies are around it.
    inlining: Vec<DefId>,
}

/// Whether a function takes closures, so that each call of it is expanded in place.
pub(super) fn takes_closures(ast: &ast::Function) -> bool {
    ast.params.iter().any(|param| is_function(&param.ty))
}

pub(super) fn is_function(ty: &ast::Type) -> bool {
    matches!(ty.kind, TypeKind::Function { .. })
}

impl<'a> Body<'_, 'a> {
    fn context(&self) -> Context {
        Context { scope: self.scope, env: self.env.clone(), names: self.names.clone(), inlining: self.inlining.clone() }
    }

    /// Does something where names mean what they mean in `context`.
    fn within<T>(&mut self, context: &Context, work: impl FnOnce(&mut Self) -> T) -> T {
        let names = std::mem::replace(&mut self.names, context.names.clone());
        let scope = std::mem::replace(&mut self.scope, context.scope);
        let env = std::mem::replace(&mut self.env, context.env.clone());
        let inlining = std::mem::replace(&mut self.inlining, context.inlining.clone());
        let loops = std::mem::take(&mut self.loops);
        let result = work(self);
        (self.names, self.scope, self.env, self.loops, self.inlining) = (names, scope, env, loops, inlining);
        result
    }

    /// A call of a function that takes closures.
    pub(super) fn call_inline(&mut self, call: Call<'_, 'a>, ast: &'a ast::Function, mut bindings: Bindings) -> Expr {
        let (def, span) = (call.def, call.span);
        if self.inlining.contains(&def) {
            let name = &ast.name;
            let error = Diagnostic::error(Code::Recursion, format!("`{name}` calls itself: {name} → {name}"))
                .at(span, "called here again");
            let error =
                error.because(name.span, "declared here").note("a circuit has no end if a function can call itself");
            return self.fail(span, error.help("use a `for` loop with a fixed number of rounds"));
        }
        let values = self.call_args(&call, ast, &mut bindings);
        if values.iter().any(|value| value.ty == Ty::Never) {
            return self.no_value(values, span);
        }
        bindings.fix_known();
        let Some(closures) = self.closures_of(&call, ast, &mut bindings) else { return self.error(span) };
        if let (ast::Output::Type { ty, .. }, Some(want)) = (&ast.output, call.want) {
            self.checker.infer_rest(ty, want, &mut bindings);
        }
        self.fill_explicit(&call, ast, &mut bindings);
        let args = match bindings.finish() {
            Ok(args) => args,
            Err(unknown) => return self.cannot_infer(&ast.name.name, &ast.generics.params, &unknown, span),
        };
        if !self.checker.all_bounds(def, &args, span) {
            return self.error(span);
        }
        let (env, scope) = self.checker.function_env(def, &args);
        let inlining = self.inlining.iter().copied().chain([def]).collect();
        let context = Context { scope, env, names: Vec::new(), inlining };
        self.expand(ast, context, values, closures, span)
    }

    /// The code of the parameters of function type; what it gives may say what generic parameters are.
    fn closures_of(
        &mut self,
        call: &Call<'_, 'a>,
        ast: &'a ast::Function,
        bindings: &mut Bindings,
    ) -> Option<Vec<FnArg<'a>>> {
        let mut closures = Vec::new();
        for (param, arg) in call.params(ast).iter().zip(call.args) {
            let TypeKind::Function { params, output } = &param.ty.kind else { continue };
            let closure = self.fn_arg(arg)?;
            let tys: Option<Vec<Ty>> = params.iter().map(|ty| self.checker.known_ty(ty, bindings)).collect();
            if let (Some(tys), Some(output)) = (tys, output)
                && self.checker.known_ty(output, bindings).is_none()
            {
                let reads = tys.into_iter().map(|ty| {
                    let local = self.local("_", ty, false, arg.span);
                    self.read(local, arg.span)
                });
                let reads: Vec<Expr> = reads.collect();
                let value = self.apply_fn(&closure, reads, None, arg.span);
                self.checker.infer(output, &value.ty, bindings);
                bindings.fix_known();
            }
            closures.push(closure);
        }
        Some(closures)
    }

    /// What an argument for a parameter of function type stands for; reported if it is no code.
    pub(super) fn fn_arg(&mut self, arg: &'a ast::Expr) -> Option<FnArg<'a>> {
        let inner = arg.without_parens();
        let code = match &inner.kind {
            Ast::Closure { .. } => Callee::Closure(inner, Rc::new(self.context())),
            Ast::Path(path) => {
                let local = path.as_ident().and_then(|name| self.find(&name.name));
                match local.map(|local| self.fn_args.get(&local).cloned()) {
                    Some(Some(closure)) => return Some(closure),
                    Some(None) => return self.no_code(arg),
                    None => match self.named(path, None)? {
                        Named::Function(def, owner) => Callee::Function(def, owner),
                        _ => return self.no_code(arg),
                    },
                }
            }
            _ => return self.no_code(arg),
        };
        Some(FnArg { code, declared: None })
    }

    fn no_code(&mut self, arg: &'a ast::Expr) -> Option<FnArg<'a>> {
        let value = self.expr(arg, None);
        if value.ty != Ty::Never {
            let found = self.type_name(&value.ty);
            self.report(
                Diagnostic::error(Code::TypeMismatch, format!("expected a closure or a function, found `{found}`"))
                    .at(arg.span, format!("this is `{found}`"))
                    .help("write a closure, such as `|x| x + 1`"),
            );
        }
        None
    }

    /// The body of a function, with its parameters as variables.
    fn expand(
        &mut self,
        ast: &'a ast::Function,
        context: Context,
        values: Vec<Expr>,
        closures: Vec<FnArg<'a>>,
        span: Span,
    ) -> Expr {
        self.within(&context, |body| {
            let mut stmts = Vec::new();
            let (mut values, mut closures) = (values.into_iter(), closures.into_iter());
            if ast.receiver.is_some()
                && let Some(value) = values.next()
            {
                let mutable = ast.receiver.as_ref().is_some_and(|own| own.mutable.is_some());
                let local = body.local("self", value.ty.clone(), mutable, value.span);
                body.names.push((Arc::from("self"), local));
                stmts.push(Stmt::Let(local, value));
            }
            for param in &ast.params {
                if is_function(&param.ty) {
                    let closure = closures.next();
                    body.bind_fn(param, closure);
                } else if let Some(value) = values.next() {
                    let ty = body.ty(&param.ty);
                    let value = body.fit(value, &ty, &Why::at(param.span, "the parameter is declared here"));
                    body.bind_all(&param.pattern, declare_as(value, ty), &mut stmts);
                }
            }
            let (ty, at) = body.ret_ty(ast);
            let value = body.inlined(Some((ty.clone(), at)), None, |body| {
                let value = body.block(&ast.body, Some(&ty));
                body.fit(value, &ty, &Why::at(at, "expected because of this return type"))
            });
            let value = block(stmts, declare_as(value, ty));
            if value.ty == Ty::Never { body.no_value(vec![value], span) } else { value }
        })
    }

    fn ret_ty(&mut self, ast: &'a ast::Function) -> (Ty, Span) {
        match &ast.output {
            ast::Output::Unit => (unit(), ast.signature),
            ast::Output::Type { ty, .. } => (self.ty(ty), ty.span),
            ast::Output::Record { fields, span } => {
                let (scope, env) = (self.scope, self.env.clone());
                (self.checker.record_ty(fields, scope, &env), *span)
            }
        }
    }

    fn bind_fn(&mut self, param: &'a ast::Param, closure: Option<FnArg<'a>>) {
        let (TypeKind::Function { params, output }, Some(closure)) = (&param.ty.kind, closure) else { return };
        let ast::PatternKind::Binding { name, pattern: None, .. } = &param.pattern.kind else {
            let error = Diagnostic::error(Code::PatternMismatch, "a closure cannot be taken apart")
                .at(param.pattern.span, "not a name");
            return self.report(error.help("give the parameter a name"));
        };
        let tys: Rc<[Ty]> = params.iter().map(|ty| self.ty(ty)).collect();
        let output = output.as_ref().map_or_else(unit, |ty| self.ty(ty));
        let local = self.local(&name.name, unit(), false, name.span);
        self.fn_args.insert(local, FnArg { declared: Some((tys, output)), ..closure });
        self.name(name, local);
    }

    /// `let name = |…| …;`
    pub(super) fn let_closure(&mut self, name: &'a ast::Ident, closure: &'a ast::Expr) {
        let Some(code) = self.fn_arg(closure) else { return };
        let local = self.local(&name.name, unit(), false, name.span);
        self.fn_args.insert(local, code);
        self.name(name, local);
    }

    /// A call of a parameter of function type, or of a closure that has a name.
    pub(super) fn call_fn_arg(
        &mut self,
        name: &ast::Ident,
        closure: &FnArg<'a>,
        args: &'a [ast::Expr],
        span: Span,
    ) -> Expr {
        let Some((tys, _)) = closure.declared.clone() else {
            let mut values = Vec::with_capacity(args.len());
            for (i, arg) in args.iter().enumerate() {
                let hint = if super::expr::adapts(arg) { self.written_param(closure, i) } else { None };
                values.push(self.expr(arg, hint.as_ref()));
            }
            if values.iter().any(|value| value.ty == Ty::Never) {
                return self.no_value(values, span);
            }
            return self.apply_fn(closure, values, None, span);
        };
        if tys.len() != args.len() {
            let error = Diagnostic::error(
                Code::ArgumentCount,
                format!("`{name}` takes {}, but gets {}", counted(tys.len(), "argument"), args.len()),
            );
            self.report(
                error
                    .at(span, format!("{} given", args.len()))
                    .help(format!("give {}", counted(tys.len(), "argument"))),
            );
            return self.args_anyway(args, span);
        }
        let values: Vec<Expr> = args
            .iter()
            .zip(tys.iter())
            .map(|(arg, ty)| declare_as(self.value(arg, ty, &Why::plain()), ty.clone()))
            .collect();
        if values.iter().any(|value| value.ty == Ty::Never) {
            return self.no_value(values, span);
        }
        self.apply_fn(closure, values, None, span)
    }

    /// The type that a closure's own parameter is written with.
    pub(super) fn written_param(&mut self, closure: &FnArg<'a>, i: usize) -> Option<Ty> {
        let Callee::Closure(ast, context) = &closure.code else { return None };
        let Ast::Closure { params, .. } = &ast.kind else { return None };
        let written = params.get(i)?.ty.as_ref().filter(|ty| !has_holes(ty))?;
        Some(self.within(context, |this| this.ty(written)))
    }

    /// The value of the code for `args`.
    pub(super) fn apply_fn(&mut self, closure: &FnArg<'a>, args: Vec<Expr>, want: Option<&Ty>, span: Span) -> Expr {
        let output = closure.declared.as_ref().map(|(_, output)| output.clone());
        let want = output.as_ref().or(want);
        let value = match &closure.code {
            Callee::Closure(ast, context) => {
                let Ast::Closure { params, output, body } = &ast.kind else { return self.error(span) };
                if params.len() != args.len() {
                    return self.closure_count(ast.span, args.len(), params.len());
                }
                self.within(context, |this| this.inline(params, output.as_ref(), body, args, want))
            }
            Callee::Function(def, owner) => self.call_values(*def, owner.clone(), args, span),
            Callee::Opaque => {
                let local = self.local("_", output.clone().unwrap_or_else(unit), false, span);
                self.read(local, span)
            }
        };
        match output {
            Some(ty) => declare_as(self.fit(value, &ty, &Why::plain()), ty),
            None => value,
        }
    }

    /// Checks a function that takes closures for arguments of which only the types are known.
    pub(super) fn check_opaque(&mut self, ast: &'a ast::Function) {
        if ast.receiver.is_some() {
            let ty = self.env.self_ty.clone().unwrap_or(Ty::Never);
            let local = self.local("self", ty, true, ast.signature);
            self.names.push((Arc::from("self"), local));
        }
        let mut stmts = Vec::new();
        for param in &ast.params {
            if is_function(&param.ty) {
                self.bind_fn(param, Some(FnArg { code: Callee::Opaque, declared: None }));
            } else {
                let ty = self.ty(&param.ty);
                let local = self.local("_", ty, false, param.span);
                let value = self.read(local, param.span);
                self.bind_all(&param.pattern, value, &mut stmts);
            }
        }
        let (ty, at) = self.ret_ty(ast);
        self.inlined(Some((ty.clone(), at)), None, |body| {
            let value = body.block(&ast.body, Some(&ty));
            body.fit(value, &ty, &Why::at(at, "expected because of this return type"))
        });
    }
}
