import 'reflect-metadata';
import { ValidationFailed } from '@tiptop/platform';
import { Type } from 'class-transformer';
import { IsArray, IsInt, IsString, MinLength, ValidateNested } from 'class-validator';
import { createValidationPipe } from './validation.pipe';

class Leaf {
  @IsString()
  @MinLength(2)
  name: string;
}

class Tree {
  @IsInt()
  height: number;

  @ValidateNested()
  @Type(() => Leaf)
  best: Leaf;

  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => Leaf)
  leaves: Leaf[];
}

describe('The validation of input', () => {
  const pipe = createValidationPipe();
  const good = { height: 3, best: { name: 'jasmin' }, leaves: [{ name: 'sencha' }] };

  async function faults(value: unknown): Promise<[string, string][]> {
    try {
      await pipe.transform(value, { type: 'body', metatype: Tree });
      return [];
    } catch (error) {
      expect(error).toBeInstanceOf(ValidationFailed);
      return (error as ValidationFailed).fields.map(({ path, message }) => [path, message]);
    }
  }

  it('makes an object of the class of what is good', async () => {
    const tree = (await pipe.transform(good, { type: 'body', metatype: Tree })) as Tree;
    expect(tree).toBeInstanceOf(Tree);
    expect(tree.leaves[0]).toBeInstanceOf(Leaf);
  });

  it('names the way to a fault, through objects and lists', async () => {
    expect(await faults({ ...good, height: 'high' })).toEqual([['height', 'isInt']]);
    expect(await faults({ ...good, best: { name: 7 } })).toEqual([['best.name', 'isString']]);
    expect(await faults({ ...good, leaves: [{ name: 'ok' }, { name: 'x' }] })).toEqual([
      ['leaves.1.name', 'minLength'],
    ]);
  });

  it('refuses what no class names, however deep, under its own path', async () => {
    expect(await faults({ ...good, extra: 1 })).toEqual([['extra', 'whitelistValidation']]);
    expect(await faults({ ...good, best: { name: 'ok', extra: 1 } })).toEqual([['best.extra', 'whitelistValidation']]);
    expect(await faults({ ...good, leaves: [{ name: 'ok', extra: 1 }] })).toEqual([
      ['leaves.0.extra', 'whitelistValidation'],
    ]);
  });

  it.each([[null], [undefined], ['text'], [7], [[]]])('refuses %j', async (value) => {
    expect(await faults(value)).not.toEqual([]);
  });
});
