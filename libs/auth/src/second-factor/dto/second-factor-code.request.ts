import { SecondFactorField } from './second-factor-field.decorator';

export class SecondFactorCodeRequest {
  @SecondFactorField({ required: true })
  code: string;
}
