import { HiddenWords } from '../../alerts/hidden-words';
import { ProcessFailure } from '../../processes/process-failure';
import { engineFault, lastWords } from './engine-words';

const hidden = new HiddenWords(['s3cret-of-the-registry']);
const { signal } = new AbortController();

function fault(stderr: string, reason: ProcessFailure['reason'] = 'exit') {
  const failure = new ProcessFailure('/usr/bin/docker', reason, 'ended with 1', stderr);
  return engineFault(failure, 'pulling backend:dev-latest', hidden, signal);
}

describe('What the engine’s programs say when they give up', () => {
  it.each([
    'Error response from daemon: Get "http://127.0.0.1:5000/v2/": dial tcp 127.0.0.1:5000: connect: connection refused',
    'Error response from daemon: Get "https://images.example/v2/": dial tcp: lookup images.example: no such host',
    'Error response from daemon: received unexpected HTTP status: 503 Service Unavailable',
    'Error response from daemon: Get "https://images.example/v2/": net/http: TLS handshake timeout',
    'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?',
    'Error response from daemon: Get "https://images.example/v2/": unexpected EOF',
  ])('may pass: %s', (said) => {
    expect(fault(said).mayPass).toBe(true);
  });

  it.each([
    'Error: No such image: backend:dev-lastest',
    'Error response from daemon: manifest for registry.example/backend:x not found: manifest unknown: manifest unknown',
    'Error response from daemon: Get "https://images.example/v2/": unauthorized: authentication required',
    'denied: requested access to the resource is denied',
    'Error response from daemon: Get "https://r.example/v2/": x509: certificate signed by unknown authority: i/o timeout',
    'services.api.image must be a string',
    '',
  ])('does not pass: %s', (said) => {
    expect(fault(said).mayPass).toBe(false);
  });

  it('may pass where the program hung, and not where there is none', () => {
    expect(fault('', 'stalled').mayPass).toBe(true);
    expect(fault('', 'signal').mayPass).toBe(true);
    expect(fault('', 'missing').mayPass).toBe(false);
  });

  it('is told by what was done, how it ended, and its last words, without colours and secrets', () => {
    const said = [
      'one',
      'two',
      '\u001b[1A\u001b[2K\rPulling api ... \u001b[31merror\u001b[0m\r',
      'the password s3cret-of-the-registry is wrong',
      'user@example.org at https://bob:hunter22@registry.example',
    ].join('\n');
    const { message, cause } = fault(said);
    expect(message).toBe(
      'pulling backend:dev-latest: docker ended with 1: Pulling api ... error; the password [redacted] is wrong; ' +
        '[redacted] at https://bob:[redacted]@registry.example',
    );
    expect(cause).toBeUndefined();
  });

  it('is not endless', () => {
    expect(lastWords('x '.repeat(5000), hidden).length).toBeLessThanOrEqual(600);
  });

  it('is told as a stop where it was stopped', () => {
    const stop = new AbortController();
    stop.abort(new Error('SIGTERM'));
    const failure = new ProcessFailure('docker', 'aborted', 'was ended: the run stops', '');
    expect(engineFault(failure, 'pulling', hidden, stop.signal)).toMatchObject({
      message: 'pulling: the run stops',
      mayPass: false,
    });
  });
});
