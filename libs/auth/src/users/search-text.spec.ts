import { foldForSearch, searchTextOf } from './search-text';

describe('foldForSearch', () => {
  it.each([
    ['Hélène', 'helene'],
    ['HÉLÈNE', 'helene'],
    ['He\u0301le\u0300ne', 'helene'],
    ['  Ångström ', 'angstrom'],
    ['D’Été', 'd’ete'],
    ['François', 'francois'],
    ['Łukasz', 'łukasz'],
    ['', ''],
  ])('%s is found as %s', (text, folded) => {
    expect(foldForSearch(text)).toBe(folded);
  });
});

describe('searchTextOf', () => {
  it('joins the names and the e-mail', () => {
    expect(searchTextOf({ firstName: 'Zoé', lastName: 'Le Fèvre', emailKey: 'zoé@example.fr' })).toBe(
      'zoe le fevre zoe@example.fr',
    );
  });

  it('finds an e-mail address without its accents as well', () => {
    const person = { firstName: 'Hélène', lastName: 'Été', emailKey: 'hélène@été.example' };
    expect(searchTextOf(person)).toContain(foldForSearch('HÉLÈNE@ÉTÉ.example'));
  });
});
