// Secrets by the Secrets Manager API.
import { GetSecretValueCommand, PutSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { answerOf, CloudError, unlessMissing } from '#aws/error.ts';
import type { SecretPort } from './port.ts';

export function secretsManager(client: SecretsManagerClient): SecretPort {
  return {
    read: async (SecretId) => {
      try {
        const answer = await unlessMissing(client.send(new GetSecretValueCommand({ SecretId })), null);
        return answer?.SecretString ?? null;
      } catch (error) {
        // A secret in its recovery window is refused with this name.
        if (error instanceof CloudError && error.awsCode === 'InvalidRequestException') return null;
        throw error;
      }
    },
    write: async (SecretId, SecretString) => {
      await answerOf(client.send(new PutSecretValueCommand({ SecretId, SecretString })));
    },
  };
}
