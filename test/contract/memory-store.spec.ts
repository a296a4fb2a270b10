import { MemoryStore } from '../support/memory-store';
import { failureOf, freshName, itKeepsTheContract, LocalFiles, never } from '../support/store-contract';

describe('The store in memory of other tests', () => {
  const { files } = new MemoryStore();
  itKeepsTheContract(() => ({ connect: () => new MemoryStore('s3', files), secrets: [] }));
});

describe('The faults of the store in memory', () => {
  let local: LocalFiles;
  const { kind, name } = freshName();

  beforeAll(async () => {
    local = await LocalFiles.create();
  });
  afterAll(async () => {
    await local.remove();
  });

  it('are as many as they were told to be', async () => {
    const store = new MemoryStore('sftp');
    const file = { kind, name, ...(await local.write(10)) };
    store.fail('put', 2);
    expect(await failureOf(store.put(file, never()))).toMatchObject({ store: 'sftp', mayPass: true });
    await failureOf(store.put(file, never()));
    await store.put(file, never());
    store.fail('hash', 1, false);
    expect((await failureOf(store.hash(kind, name, never()))).mayPass).toBe(false);
    expect(store.calls).toHaveLength(4);
  });

  it('are a lie about what is stored, or about what is read', async () => {
    const store = new MemoryStore();
    const file = await local.write(10);
    store.lie((bytes) => bytes.subarray(0, 5));
    await store.put({ kind, name, ...file }, never());
    expect((await store.hash(kind, name, never())).bytes).toBe(5);
    store.heal();
    await store.put({ kind, name, ...file }, never());
    store.misread((bytes) => Buffer.concat([bytes, bytes]));
    expect((await store.hash(kind, name, never())).bytes).toBe(20);
  });

  it('are a silence that ends with the run', async () => {
    const store = new MemoryStore();
    store.hang('list');
    const run = new AbortController();
    const listing = failureOf(store.list(run.signal));
    setTimeout(() => {
      run.abort();
    }, 20);
    expect((await listing).mayPass).toBe(false);
  });

  it('are a lock that keeps a file', async () => {
    const store = new MemoryStore();
    await store.put({ kind, name, ...(await local.write(1)) }, never());
    store.lock(kind, name);
    expect(await store.remove(kind, name, never())).toBe('kept');
    expect(await store.list(never())).toHaveLength(1);
  });
});
