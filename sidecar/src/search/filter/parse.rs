//! Tokens to an expression: recursive descent of bounded depth.

use super::fields::{Field, Kind};
use super::lex::{Placed, Token};
use super::{Compare, DEPTH_MAX, Expression, Literal, Mistake, Test, WhereError};

/// Reads one whole expression.
pub fn parse(tokens: &[Placed], end_column: usize) -> Result<Expression, WhereError> {
    let mut parser = Parser { tokens, next: 0, end_column, depth: 0 };
    let expression = parser.any()?;
    match parser.peek() {
        None => Ok(expression),
        Some(_) => Err(parser.expected("`and`, `or` or the end")),
    }
}

struct Parser<'a> {
    tokens: &'a [Placed],
    next: usize,
    end_column: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&'a Token> {
        self.tokens.get(self.next).map(|(token, _)| token)
    }

    fn column(&self) -> usize {
        self.tokens.get(self.next).map_or(self.end_column, |(_, column)| *column)
    }

    fn error(&self, mistake: Mistake) -> WhereError {
        WhereError { column: self.column(), mistake }
    }

    fn expected(&self, wanted: &'static str) -> WhereError {
        let found = match self.peek() {
            None => "the end".to_owned(),
            Some(Token::Word(word)) => format!("`{word}`"),
            Some(Token::Text(text)) => format!("the text '{text}'"),
            Some(Token::Number(number)) => format!("{number}"),
            Some(Token::Sign(sign)) => format!("`{sign}`"),
        };
        self.error(Mistake::Expected { wanted, found })
    }

    /// Takes the keyword where it is next.
    fn keyword(&mut self, word: &str) -> bool {
        let is = matches!(self.peek(), Some(Token::Word(next)) if next.eq_ignore_ascii_case(word));
        self.next += usize::from(is);
        is
    }

    fn sign(&mut self, sign: &str) -> bool {
        let is = matches!(self.peek(), Some(Token::Sign(next)) if *next == sign);
        self.next += usize::from(is);
        is
    }

    fn any(&mut self) -> Result<Expression, WhereError> {
        let mut parts = vec![self.all()?];
        while self.keyword("or") {
            parts.push(self.all()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Expression::Any(parts) })
    }

    fn all(&mut self) -> Result<Expression, WhereError> {
        let mut parts = vec![self.one()?];
        while self.keyword("and") {
            parts.push(self.one()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Expression::All(parts) })
    }

    fn one(&mut self) -> Result<Expression, WhereError> {
        if self.depth == DEPTH_MAX {
            return Err(self.error(Mistake::TooDeep));
        }
        self.depth += 1;
        let expression = if self.keyword("not") {
            Expression::Not(Box::new(self.one()?))
        } else if self.sign("(") {
            let inside = self.any()?;
            if !self.sign(")") {
                return Err(self.expected("`)`"));
            }
            inside
        } else {
            self.test()?
        };
        self.depth -= 1;
        Ok(expression)
    }

    fn test(&mut self) -> Result<Expression, WhereError> {
        let column = self.column();
        let segments = self.field_name()?;
        let field = Field::find(&segments).map_err(|nearest| WhereError {
            column,
            mistake: Mistake::UnknownField { name: segments.join("."), nearest },
        })?;
        let name = || segments.join(".");
        if let Some(compare) = self.compare() {
            let wanted = self.literal(&field, &name())?;
            let is_order = !matches!(compare, Compare::Equal | Compare::Unequal);
            if is_order && field.kind == Kind::Flag {
                let mistake = Mistake::Operator { name: name(), kind: field.kind };
                return Err(WhereError { column, mistake });
            }
            return Ok(Expression::Test(field, Test::Compare(compare, wanted)));
        }
        if self.sign("~") {
            return self.contains(field, &name(), false);
        }
        if self.keyword("contains") {
            return self.contains(field, &name(), true);
        }
        if self.keyword("in") {
            return Ok(Expression::Test(field.clone(), self.list(&field, &name())?));
        }
        let before = self.next;
        if self.keyword("not") {
            if self.keyword("in") {
                let test = Expression::Test(field.clone(), self.list(&field, &name())?);
                return Ok(Expression::Not(Box::new(test)));
            }
            self.next = before;
        }
        Ok(Expression::Test(field, Test::Something))
    }

    fn field_name(&mut self) -> Result<Vec<String>, WhereError> {
        let Some(Token::Word(first)) = self.peek() else {
            return Err(self.expected("a field, `not` or `(`"));
        };
        self.next += 1;
        let mut segments = vec![first.clone()];
        while self.sign(".") {
            match self.peek() {
                Some(Token::Word(name) | Token::Text(name)) => segments.push(name.clone()),
                _ => return Err(self.expected("a name after the dot")),
            }
            self.next += 1;
        }
        Ok(segments)
    }

    fn compare(&mut self) -> Option<Compare> {
        let Some(Token::Sign(sign)) = self.peek() else { return None };
        let compare = match *sign {
            "=" | "==" => Compare::Equal,
            "!=" => Compare::Unequal,
            "<" => Compare::Less,
            "<=" => Compare::LessOrEqual,
            ">" => Compare::Greater,
            ">=" => Compare::GreaterOrEqual,
            _ => return None,
        };
        self.next += 1;
        Some(compare)
    }

    /// A literal of the field's kind.
    fn literal(&mut self, field: &Field, name: &str) -> Result<Literal, WhereError> {
        let refuse = |kind| Mistake::Operator { name: name.to_owned(), kind };
        let literal = match (field.kind, self.peek()) {
            (Kind::Texts | Kind::Counts | Kind::TextMap | Kind::Thing, _) => {
                return Err(self.error(refuse(field.kind)));
            }
            (Kind::Text, Some(Token::Text(text))) => Literal::Text(text.clone()),
            (Kind::Number, Some(Token::Number(number))) => Literal::Number(*number),
            (Kind::Flag, Some(Token::Word(word))) if word.eq_ignore_ascii_case("true") => {
                Literal::Flag(true)
            }
            (Kind::Flag, Some(Token::Word(word))) if word.eq_ignore_ascii_case("false") => {
                Literal::Flag(false)
            }
            (Kind::Text, Some(Token::Word(word))) => {
                return Err(self.error(Mistake::Unquoted(word.clone())));
            }
            (Kind::Text, _) => return Err(self.expected("a text in quotes")),
            (Kind::Number, _) => return Err(self.expected("a number")),
            (Kind::Flag, _) => return Err(self.expected("`true` or `false`")),
        };
        self.next += 1;
        Ok(literal)
    }

    fn list(&mut self, field: &Field, name: &str) -> Result<Test, WhereError> {
        if !self.sign("(") {
            return Err(self.expected("`(`"));
        }
        let mut literals = vec![self.literal(field, name)?];
        while self.sign(",") {
            literals.push(self.literal(field, name)?);
        }
        if !self.sign(")") {
            return Err(self.expected("`,` or `)`"));
        }
        Ok(Test::In(literals))
    }

    fn contains(
        &mut self,
        field: Field,
        name: &str,
        whole: bool,
    ) -> Result<Expression, WhereError> {
        match field.kind {
            Kind::Text | Kind::Texts | Kind::Counts | Kind::TextMap => {}
            kind @ (Kind::Number | Kind::Flag | Kind::Thing) => {
                return Err(self.error(Mistake::Operator { name: name.to_owned(), kind }));
            }
        }
        let part = match self.peek() {
            Some(Token::Text(text)) => text.to_lowercase(),
            Some(Token::Word(word)) => return Err(self.error(Mistake::Unquoted(word.clone()))),
            _ => return Err(self.expected("a text in quotes")),
        };
        self.next += 1;
        // A text has no elements that could be whole.
        let whole = whole && field.kind != Kind::Text;
        Ok(Expression::Test(field, Test::Contains { part, whole }))
    }
}
